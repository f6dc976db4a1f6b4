/*
 * The steps of verifying a backup.
 */
#ifndef ERPGO_ENGINE_COMMAND_VERIFY_BACKUP_H
#define ERPGO_ENGINE_COMMAND_VERIFY_BACKUP_H

#include "command/command.h"

/* How far a verification has come, shared by the processes that do it. */
typedef struct VerifiedBytes
{
	int64		stored;			/* compared with digests */
	int64		content;		/* looked at as what they hold */
} VerifiedBytes;

/* A verification under way. */
typedef struct Verification
{
	Repository *repository;
	const Backup *backup;
	VerifyDepth depth;
	const char *pg_restore;		/* may be NULL for VERIFY_DIGEST */
	bool		reads_once;		/* digest and content, as from a server */
	VerifiedBytes *done;
	int64		bytes_expected;
} Verification;

/*
 * Prepares a verification of all objects of a backup; pg_restore as for
 * backup_verify.
 */
extern Verification verification_make(Repository *repository,
									  const Backup *backup, VerifyDepth depth,
									  const char *pg_restore);

/*
 * Verifies one object to the depth, reporting progress; anything wrong is a
 * failure.
 */
extern void object_verify(Verification *verification,
						  const ManifestObject *object);

/*
 * Decodes an object and looks at what comes out; what that says counts only if
 * the digest is right.
 */
extern void object_verify_content(Verification *verification,
								  const ManifestObject *object);

/*
 * Fails with what was wrong with the content of an object, but first with its
 * digest where that is not right.
 */
extern void object_fail_content(Verification *verification, const ManifestObject *object,
								const Failure *problem)
			__attribute__((noreturn));

/*
 * Gets the stored bytes of an object for a look at its content, and finishes
 * the chain; where nobody else compares their digest, that is done here.
 */
extern void object_get_content(Verification *verification, const ManifestObject *object,
							   Sink *into);

/*
 * FAILURE_DAMAGED if the backup's folder holds an object that the manifest
 * does not name.
 */
extern void backup_verify_complete(Repository *repository,
								   const Backup *backup);

/*
 * The text of a backup's object that holds the properties of databases, as
 * JSON; anything but an array of objects with a name is FAILURE_DAMAGED.
 */
extern json_t *databases_read(Repository *repository, const Backup *backup,
							  const ManifestObject *object);

#endif

/*
 * The steps of verifying a backup.
 */
#ifndef ERPGO_ENGINE_COMMAND_VERIFY_BACKUP_H
#define ERPGO_ENGINE_COMMAND_VERIFY_BACKUP_H

#include "command/command.h"

/* A verification under way. */
typedef struct Verification
{
	Repository *repository;
	const Backup *backup;
	VerifyDepth depth;
	const char *pg_restore;		/* may be NULL for VERIFY_DIGEST */
	int64		bytes_done;
	int64		bytes_expected;
} Verification;

/* Prepares a verification; pg_restore as for backup_verify. */
extern Verification verification_make(Repository *repository,
									  const Backup *backup, VerifyDepth depth,
									  const char *pg_restore);

/* How many bytes the verification of an object passes. */
extern int64 verification_cost(const ManifestObject *object, VerifyDepth depth);

/*
 * Verifies one object to the depth, reporting progress; anything wrong is a
 * failure.
 */
extern void object_verify(Verification *verification,
						  const ManifestObject *object);

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

/*
 * Verifying a backup, and noting in the repository what was found.
 */
#ifndef ERPGO_ENGINE_COMMAND_VERIFY_NOTE_H
#define ERPGO_ENGINE_COMMAND_VERIFY_NOTE_H

#include "command/command.h"

typedef struct NotedVerification
{
	Repository *repository;
	const Backup *backup;
	VerifyDepth depth;
	const char *pg_restore;		/* may be NULL for VERIFY_DIGEST */
	int			jobs;
	bool		is_copy;		/* made there before; see copy_require */
} NotedVerification;

/*
 * Verifies a backup, and stores what was found; anything wrong is a failure.
 */
extern void verify_and_note(NotedVerification *verification);

/* Fails (FAILURE_GONE) unless a copy is there, whatever its state. */
extern void copy_require(Repository *repository, const char *backup_id);

#endif

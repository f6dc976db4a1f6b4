/*
 * A logical backup that is being made.
 */
#ifndef ERPGO_ENGINE_COMMAND_BACKUP_RUN_H
#define ERPGO_ENGINE_COMMAND_BACKUP_RUN_H

#include "command/job.h"
#include "database/dump.h"

typedef struct BackupRun
{
	json_t	   *job;
	Repository *repository;
	VerifyDepth depth;			/* of the read-back */
	DumpSettings dump;
	PGconn	   *connection;		/* for what concerns the whole server */
	char	  **databases;
	int64	   *expected;		/* bytes that the dump of each will have */
	int			database_count;
	BackupWriter *writer;
	int64		bytes_done;		/* plain bytes of the finished dumps */
} BackupRun;

/* Stores the dump of a database, by its place in the list. */
extern void database_store(BackupRun *run, int index);

#endif

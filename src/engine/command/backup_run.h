/*
 * A logical backup that is being made.
 */
#ifndef ERPGO_ENGINE_COMMAND_BACKUP_RUN_H
#define ERPGO_ENGINE_COMMAND_BACKUP_RUN_H

#include "command/job.h"
#include "database/dump.h"

/* The dump of a database that has been started. */
typedef struct DatabaseDump DatabaseDump;

typedef struct BackupRun
{
	json_t	   *job;
	Repository *repository;
	DumpSettings dump;
	PGconn	   *connection;		/* for what concerns the whole server */
	char	  **databases;
	int64	   *expected;		/* bytes that the dump of each will have */
	int			database_count;
	BackupWriter *writer;
	DatabaseDump *next;			/* begun, but not stored yet; or NULL */
	int64		bytes_done;		/* plain bytes of the finished dumps */
} BackupRun;

/* Starts the first dump, which databases_store goes on with. */
extern void databases_start(BackupRun *run);

/* Stores the dumps of all databases, one after the other. */
extern void databases_store(BackupRun *run);

#endif

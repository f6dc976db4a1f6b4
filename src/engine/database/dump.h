/*
 * Starting pg_dump and pg_dumpall.
 */
#ifndef ERPGO_ENGINE_DATABASE_DUMP_H
#define ERPGO_ENGINE_DATABASE_DUMP_H

#include "common/backup_type.h"
#include "database/connection.h"
#include "process.h"

/* What is the same for all dumps of a backup. */
typedef struct DumpSettings
{
	const char *bindir;			/* of the server */
	ServerAddress address;
	BackupType	type;
	int			lock_wait_timeout_ms;	/* 0: wait for ever */
} DumpSettings;

/*
 * Starts pg_dump, which writes an archive of a database, as a snapshot that a
 * transaction exported shows it, to standard output.
 */
extern Program *dump_database_start(const DumpSettings *settings,
									const char *database,
									const char *snapshot);

/*
 * Starts pg_dumpall, which writes roles and tablespaces as SQL to standard
 * output; it connects to this database.
 */
extern Program *dump_globals_start(const DumpSettings *settings,
								   const char *database);

#endif

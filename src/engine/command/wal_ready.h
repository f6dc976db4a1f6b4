/*
 * Which segments a server has ready to be archived.
 */
#ifndef ERPGO_ENGINE_COMMAND_WAL_READY_H
#define ERPGO_ENGINE_COMMAND_WAL_READY_H

#include "common/wal_name.h"
#include "postgres_fe.h"

/* The folders of a data directory. */
#define WAL_FOLDER "pg_wal"
#define WAL_STATUS_FOLDER WAL_FOLDER "/archive_status"

/*
 * Finds the first segments, in the order in which the server archives them,
 * that are ready; at most limit.  Nothing but segments: the server wants
 * history files before everything else.
 */
extern int	wal_ready_segments(const char *data_directory, WalName *segments,
							   int limit);

#endif

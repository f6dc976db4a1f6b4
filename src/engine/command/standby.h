/*
 * A standby that is backed up from the command line: what the worker of a
 * primary does, done over a connection.
 */
#ifndef ERPGO_ENGINE_COMMAND_STANDBY_H
#define ERPGO_ENGINE_COMMAND_STANDBY_H

#include "command/physical.h"
#include "common/backup_id.h"
#include "database/connection.h"

typedef struct Standby
{
	PGconn	   *connection;
	const char *label;
	char		slot[BACKUP_SLOT_SIZE];
	char	   *system_identifier;
	char	   *data_directory;
	int			version;		/* as in PG_VERSION_NUM */
} Standby;

/*
 * Connects, and finds out what there is to know.  FAILURE_STATE unless that
 * server is in recovery, and its data directory is one of this machine that
 * this user may read.
 */
extern void standby_open(Standby *standby, const char *conninfo);

/*
 * Answers what physical_backup asks for; the context is a Standby.  pg_control
 * is read last, so that it knows how far the files are.
 */
extern json_t *standby_ask(void *context, const char *request);

#endif

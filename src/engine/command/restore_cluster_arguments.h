/*
 * What the arguments of "restore --pgdata" ask for.
 */
#ifndef ERPGO_ENGINE_COMMAND_RESTORE_CLUSTER_ARGUMENTS_H
#define ERPGO_ENGINE_COMMAND_RESTORE_CLUSTER_ARGUMENTS_H

#include <getopt.h>

#include "command/restore_cluster.h"

/* Options without a short form, besides those of a logical restore. */
enum
{
	OPTION_PGDATA = 512,
	OPTION_TABLESPACE_MAPPING,
	OPTION_CONFIG_DIR,
	OPTION_DELTA,
	OPTION_TAKE_OVER,
	OPTION_TO_TIME,
	OPTION_TO_LSN,
	OPTION_TO_XID,
	OPTION_TO_NAME,
	OPTION_TO,
	OPTION_TIMELINE,
	OPTION_ACTION,
	OPTION_EXCLUSIVE,
	OPTION_STANDBY,
	OPTION_PRIMARY_CONNINFO,
	OPTION_START,
	OPTION_START_TIMEOUT,
	OPTION_SOCKET_DIR,
	OPTION_SUPERUSER
};

#define CLUSTER_OPTIONS \
	{"pgdata", required_argument, NULL, OPTION_PGDATA}, \
	{"tablespace-mapping", required_argument, NULL, OPTION_TABLESPACE_MAPPING}, \
	{"config-dir", required_argument, NULL, OPTION_CONFIG_DIR}, \
	{"delta", no_argument, NULL, OPTION_DELTA}, \
	{"take-over", no_argument, NULL, OPTION_TAKE_OVER}, \
	{"to-time", required_argument, NULL, OPTION_TO_TIME}, \
	{"to-lsn", required_argument, NULL, OPTION_TO_LSN}, \
	{"to-xid", required_argument, NULL, OPTION_TO_XID}, \
	{"to-name", required_argument, NULL, OPTION_TO_NAME}, \
	{"to", required_argument, NULL, OPTION_TO}, \
	{"timeline", required_argument, NULL, OPTION_TIMELINE}, \
	{"action", required_argument, NULL, OPTION_ACTION}, \
	{"exclusive", no_argument, NULL, OPTION_EXCLUSIVE}, \
	{"standby", no_argument, NULL, OPTION_STANDBY}, \
	{"primary-conninfo", required_argument, NULL, OPTION_PRIMARY_CONNINFO}, \
	{"start", no_argument, NULL, OPTION_START}, \
	{"start-timeout", required_argument, NULL, OPTION_START_TIMEOUT}, \
	{"socket-dir", required_argument, NULL, OPTION_SOCKET_DIR}, \
	{"superuser", required_argument, NULL, OPTION_SUPERUSER}

/* The part of the help that explains them. */
#define HELP_CLUSTER \
"The whole server, from a physical backup:\n" \
"  --pgdata DIR         the data directory to make; must be absent or empty\n" \
"  --tablespace-mapping OLD=NEW\n" \
"                       send the tablespace at OLD to NEW; may be given more\n" \
"                       than once\n" \
"  --config-dir DIR     where configuration files go that were not in the data\n" \
"                       directory (default: the data directory)\n" \
"  --delta              let the data directory be one of the same cluster:\n" \
"                       what differs is written, what does not belong there is\n" \
"                       removed; also goes on where a restore was interrupted\n" \
"  --take-over          let the restored server go on archiving and backing up\n" \
"                       (default: archive_mode and erpgo_backup.enabled are off)\n" \
"\n" \
"How far its recovery goes, with WAL from the archive (default: to the end of\n" \
"the backup); latest is then the newest backup before the target:\n" \
"  --to-time TIME       2026-11-23 14:30:00+01, always with the offset to UTC\n" \
"  --to-lsn LSN         a position in the WAL\n" \
"  --to-xid XID         the commit of a transaction\n" \
"  --to-name NAME       a restore point (pg_create_restore_point)\n" \
"  --to latest          the end of the archive\n" \
"  --to immediate       where the cluster is consistent\n" \
"  --timeline N         along that timeline (default: the newest)\n" \
"  --exclusive          stop just before the time, LSN or transaction\n" \
"  --action WORD        what the server does there: promote (default), pause or\n" \
"                       shutdown\n" \
"\n" \
"A replica, instead of one of these:\n" \
"  --standby            make a standby that follows the archive, and then the\n" \
"                       primary\n" \
"  --primary-conninfo CONNINFO\n" \
"                       where it streams from; must not hold a password\n" \
"\n" \
"Starting it:\n" \
"  --start              start the server, and wait until its recovery is there\n" \
"  --start-timeout N    wait N seconds at most (default: without limit)\n" \
"  --socket-dir DIR     the folder of its socket, a new one\n" \
"  --superuser ROLE     who asks the server how far it is\n" \
"\n"

/* Takes such an option; false if it is another one. */
extern bool cluster_arguments_take(ClusterRequest *request, const char *command, int option);

/*
 * FAILURE_USAGE if the options make no sense together; given says whether
 * there are options of a logical restore.
 */
extern void cluster_arguments_check(const ClusterRequest *request, const char *command,
									bool given);

#endif

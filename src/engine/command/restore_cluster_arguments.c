/*
 * What the arguments of "restore --pgdata" ask for.
 */
#include "command/restore_cluster_arguments.h"

#include <limits.h>

#include "command/arguments.h"
#include "libpq-fe.h"

/*
 * Takes where a tablespace goes.
 */
static void
add_mapping(ClusterRequest *request, const char *command)
{
	TablespaceMapping mapping;

	if (!tablespace_mapping_parse(optarg, &mapping))
		usage_failure(command,
					  "\"%s\" is not OLD=NEW with two absolute paths (\"\\=\" is an equals sign in a path)",
					  optarg);
	request->mappings = pg_realloc(request->mappings,
								   (request->mapping_count + 1) * sizeof(TablespaceMapping));
	request->mappings[request->mapping_count++] = mapping;
}

/*
 * Takes how far to recover; there is one target.
 */
static void
take_target(ClusterRequest *request, const char *command, RecoveryKind kind,
			const char *what)
{
	if (request->recovery.kind != RECOVERY_NONE)
		usage_failure(command, "there can be only one target of recovery");
	if (!recovery_target_parse(&request->recovery, kind, optarg))
		usage_failure(command, "\"%s\" is not %s", optarg, what);
}

/*
 * Takes a target that is named by a word.
 */
static void
take_word(ClusterRequest *request, const char *command)
{
	if (strcmp(optarg, "latest") == 0)
		take_target(request, command, RECOVERY_LATEST, "");
	else if (strcmp(optarg, "immediate") == 0)
		take_target(request, command, RECOVERY_IMMEDIATE, "");
	else
		usage_failure(command, "option \"--to\" is latest or immediate, not \"%s\"", optarg);
}

/*
 * Takes an option of the recovery; false if it is another one.
 */
static bool
take_recovery(ClusterRequest *request, const char *command, int option)
{
	RecoveryTarget *recovery = &request->recovery;

	switch (option)
	{
		case OPTION_TO_TIME:
			take_target(request, command, RECOVERY_TIME,
						"a time with its offset to UTC, as in \"2026-11-23 14:30:00+01\"");
			return true;
		case OPTION_TO_LSN:
			take_target(request, command, RECOVERY_LSN, "a position in the WAL, as in \"16/B374D848\"");
			return true;
		case OPTION_TO_XID:
			take_target(request, command, RECOVERY_XID, "the number of a transaction");
			return true;
		case OPTION_TO_NAME:
			take_target(request, command, RECOVERY_NAME, "a restore point's name of at most 63 bytes");
			return true;
		case OPTION_TO:
			take_word(request, command);
			return true;
		case OPTION_TIMELINE:
			if (!recovery_timeline_parse(optarg, &recovery->timeline))
				usage_failure(command, "\"%s\" is not the number of a timeline", optarg);
			return true;
		case OPTION_ACTION:
			if (!recovery_action_parse(optarg, &recovery->action))
				usage_failure(command, "option \"--action\" is promote, pause or shutdown, not \"%s\"",
							  optarg);
			return true;
		case OPTION_EXCLUSIVE:
			recovery->exclusive = true;
			return true;
		default:
			return false;
	}
}

/*
 * Takes where a standby streams from.  A password would be written to a file
 * that backups hold.
 */
static void
take_primary(ClusterRequest *request, const char *command)
{
	char	   *problem = NULL;
	PQconninfoOption *options = PQconninfoParse(optarg, &problem);

	if (options == NULL)
		usage_failure(command, "option \"--primary-conninfo\" cannot be understood: %s",
					  problem == NULL ? "out of memory" : problem);
	for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
	{
		if (option->val != NULL && strstr(option->keyword, "password") != NULL)
			usage_failure(command, "option \"--primary-conninfo\" holds a password: put it into a file, and name that with passfile");
	}
	PQconninfoFree(options);
	request->primary_conninfo = optarg;
}

/*
 * Reads how many seconds to wait.
 */
static int
parse_timeout(const char *command)
{
	char	   *end;
	long		seconds = strtol(optarg, &end, 10);

	if (end == optarg || *end != '\0' || seconds < 1 || seconds > INT_MAX)
		usage_failure(command, "\"%s\" is not a number of seconds", optarg);
	return (int) seconds;
}

/*
 * Takes an option of the start or a standby; false if it is another one.
 */
static bool
take_start(ClusterRequest *request, const char *command, int option)
{
	switch (option)
	{
		case OPTION_STANDBY:
			take_target(request, command, RECOVERY_LATEST, "");
			request->standby = true;
			return true;
		case OPTION_PRIMARY_CONNINFO:
			take_primary(request, command);
			return true;
		case OPTION_START:
			request->start = true;
			return true;
		case OPTION_START_TIMEOUT:
			request->start_timeout = parse_timeout(command);
			return true;
		case OPTION_SOCKET_DIR:
			request->socket_directory = optarg;
			return true;
		case OPTION_SUPERUSER:
			request->superuser = optarg;
			return true;
		default:
			return false;
	}
}

bool
cluster_arguments_take(ClusterRequest *request, const char *command, int option)
{
	switch (option)
	{
		case OPTION_PGDATA:
			request->data_directory = optarg;
			return true;
		case OPTION_TABLESPACE_MAPPING:
			add_mapping(request, command);
			return true;
		case OPTION_CONFIG_DIR:
			request->config_directory = optarg;
			return true;
		case OPTION_DELTA:
			request->delta = true;
			return true;
		case OPTION_TAKE_OVER:
			request->take_over = true;
			return true;
		default:
			return take_recovery(request, command, option) ||
				take_start(request, command, option);
	}
}

/*
 * Fails if options of the recovery make no sense together.
 */
static void
check_recovery(const RecoveryTarget *recovery, const char *command)
{
	bool		exact = recovery->kind == RECOVERY_TIME ||
		recovery->kind == RECOVERY_LSN || recovery->kind == RECOVERY_XID;

	if (recovery->exclusive && !exact)
		usage_failure(command, "--exclusive needs --to-time, --to-lsn or --to-xid");
	if (recovery->timeline != 0 && recovery->kind == RECOVERY_NONE)
		usage_failure(command, "--timeline needs a target of recovery");
	if (recovery->action != RECOVERY_PROMOTE &&
		(recovery->kind == RECOVERY_NONE || recovery->kind == RECOVERY_LATEST))
		usage_failure(command, "--action needs a target before the end of the archive");
}

void
cluster_arguments_check(const ClusterRequest *request, const char *command, bool given)
{
	bool		physical = request->mapping_count > 0 || request->config_directory != NULL ||
		request->delta || request->take_over || request->start ||
		request->recovery.kind != RECOVERY_NONE;

	if (request->data_directory == NULL && physical)
		usage_failure(command, "--pgdata is missing");
	if (request->data_directory != NULL && given)
		usage_failure(command, "--pgdata restores the whole server: options for databases exclude it");
	if (request->data_directory != NULL && request->data_directory[0] == '\0')
		usage_failure(command, "--pgdata names no directory");
	check_recovery(&request->recovery, command);
	if (request->primary_conninfo != NULL && !request->standby)
		usage_failure(command, "--primary-conninfo needs --standby");
	if (request->standby && (request->take_over || request->recovery.timeline != 0))
		usage_failure(command, "a standby follows the newest timeline, and takes over nothing");
	if (!request->start &&
		(request->start_timeout > 0 || request->socket_directory != NULL ||
		 request->superuser != NULL))
		usage_failure(command, "--start-timeout, --socket-dir and --superuser need --start");
}

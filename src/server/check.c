/*
 * erpgo_backup_check: every precondition, one row each, with what to do about
 * it.
 */
#include "postgres.h"

#include <unistd.h>

#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "postmaster/bgworker_internals.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "common/store_url.h"
#include "engine_process.h"
#include "engine_protocol.h"
#include "location.h"
#include "session.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(erpgo_backup_check);

/* The scheduler, and two jobs at a time. */
#define WORKERS_NEEDED 3

#define FINDING_OK "ok"
#define FINDING_WARNING "warning"
#define FINDING_ERROR "error"

typedef struct Finding
{
	const char *name;
	const char *status;
	const char *message;
	const char *hint;			/* or NULL */
} Finding;

/*
 * Adds a row.
 */
static void
put_finding(ReturnSetInfo *result, Finding finding)
{
	Datum		values[4] = {0};
	bool		nulls[4] = {false};

	values[0] = CStringGetTextDatum(finding.name);
	values[1] = CStringGetTextDatum(finding.status);
	values[2] = CStringGetTextDatum(finding.message);
	nulls[3] = finding.hint == NULL;
	if (finding.hint != NULL)
		values[3] = CStringGetTextDatum(finding.hint);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Adds a row that depends on a condition.
 */
static void
put_condition(ReturnSetInfo *result, bool good, Finding if_not,
			  const char *message_if_good)
{
	if (good)
		put_finding(result, (Finding) {
			if_not.name, FINDING_OK, message_if_good, NULL
		});
	else
		put_finding(result, if_not);
}

/*
 * Is the library where it can work?  Adds rows; false if jobs cannot be done.
 */
static bool
check_loading(ReturnSetInfo *result)
{
	char	   *here = get_database_name(MyDatabaseId);

	put_condition(result, job_table != NULL, (Finding) {
		"preload", FINDING_ERROR,
			"erpgo_backup is not loaded by the server",
			"Add erpgo_backup to shared_preload_libraries and restart the server."
	}, "the library is loaded by the server");
	if (job_table == NULL)
		return false;

	put_condition(result, strcmp(here, setting_database) == 0, (Finding) {
		"database", FINDING_ERROR,
			psprintf("erpgo_backup works in database \"%s\", not in \"%s\"",
					 setting_database, here),
			"Connect to that database, or change the setting erpgo_backup.database."
	}, psprintf("erpgo_backup works in database \"%s\"", here));
	put_condition(result, setting_enabled, (Finding) {
		"enabled", FINDING_WARNING,
			"this server does not write to the repository",
			"Set erpgo_backup.enabled unless this server is a copy of another one."
	}, "this server may write to the repository");
	return strcmp(here, setting_database) == 0;
}

/*
 * Is the repository where a disaster leaves it alone?
 */
static void
check_repository_location(ReturnSetInfo *result)
{
	char	   *url = settings_repository();
	const char *path = store_url_path(url);
	char	   *folder = path == NULL ? NULL : location_in_cluster(path);

	if (folder != NULL)
		put_finding(result, (Finding) {
			"repository_location", FINDING_ERROR,
				psprintf("repository \"%s\" is inside \"%s\"", url, folder),
				"Set erpgo_backup.repository to a folder outside of the server's data."
		});
	else if (path != NULL && location_same_filesystem(path, DataDir))
		put_finding(result, (Finding) {
			"repository_location", FINDING_WARNING,
				psprintf("repository \"%s\" is on the same file system as the data",
						 url),
				"Set erpgo_backup.repository to a folder on another disk or machine."
		});
	else
		put_finding(result, (Finding) {
			"repository_location", FINDING_OK,
				psprintf("repository is \"%s\"", url), NULL
		});
}

/*
 * Do secrets come from where they are safe?
 */
static void
check_secrets(ReturnSetInfo *result)
{
	const char *file = settings_secrets_file();
	char	   *folder = file == NULL ? NULL : location_in_cluster(file);
	const char *key = getenv("BACKUP_ENCRYPTION_KEY");
	bool		in_environment = key != NULL && key[0] != '\0';

	if (folder != NULL)
		put_finding(result, (Finding) {
			"secrets", FINDING_ERROR,
				psprintf("secrets file \"%s\" is inside \"%s\"", file, folder),
				"Move it, and change the setting erpgo_backup.secrets_file."
		});
	else if (in_environment)
		put_finding(result, (Finding) {
			"secrets", FINDING_WARNING,
				"the encryption key is in the server's environment, which every backend inherits",
				"Put it into a file that only the server's user can read, and name that in erpgo_backup.secrets_file."
		});
	else if (file == NULL)
		put_finding(result, (Finding) {
			"secrets", FINDING_WARNING,
				"there is no encryption key, so backups are not encrypted",
				"Put BACKUP_ENCRYPTION_KEY=… into a file that only the server's user can read, and name that in erpgo_backup.secrets_file."
		});
	else
		put_finding(result, (Finding) {
			"secrets", FINDING_OK,
				psprintf("secrets are read from \"%s\"", file), NULL
		});
}

/*
 * Are the programs there that backups are made with?
 */
static void
check_programs(ReturnSetInfo *result)
{
	static const char *const programs[] = {
		"erpgo_backup", "pg_dump", "pg_dumpall", "pg_restore"
	};

	for (int i = 0; i < lengthof(programs); i++)
	{
		char	   *path = server_program(programs[i]);

		put_condition(result, access(path, X_OK) == 0, (Finding) {
			programs[i], FINDING_ERROR,
				psprintf("could not execute \"%s\"", path),
				"Install the client programs of the server's own version, and erpgo_backup, beside the server's."
		}, psprintf("\"%s\" is there", path));
	}
}

/*
 * Is the server set up as one that is backed up should be?
 */
static void
check_server(ReturnSetInfo *result)
{
	const char *checksums = GetConfigOption("data_checksums", false, false);

	put_condition(result, strcmp(checksums, "on") == 0, (Finding) {
		"data_checksums", FINDING_WARNING,
			"data checksums are off, so damage by disks is found late or never",
			"Enable them with pg_checksums while the server is down."
	}, "data checksums are on");
	put_condition(result, wal_level > WAL_LEVEL_MINIMAL, (Finding) {
		"wal_level", FINDING_WARNING,
			"wal_level is \"minimal\", so there is no recovery to a point in time",
			"Set wal_level to \"replica\"."
	}, "wal_level allows recovery to a point in time");
	put_condition(result, max_worker_processes >= WORKERS_NEEDED, (Finding) {
		"max_worker_processes", FINDING_WARNING,
			psprintf("max_worker_processes is %d, and erpgo_backup needs %d",
					 max_worker_processes, WORKERS_NEEDED),
			"Increase max_worker_processes."
	}, psprintf("max_worker_processes is %d", max_worker_processes));
}

/*
 * Adds the rows that the engine found.
 */
static void
put_engine_findings(ReturnSetInfo *result, char *payload)
{
	char	   *line;

	while ((line = strsep(&payload, "\n")) != NULL)
	{
		EngineMessage row;
		Finding		finding;

		if (line[0] == '\0')
			continue;
		row = engine_message_read_body(line);
		finding.name = message_text(&row, "name");
		finding.status = message_text(&row, "status");
		finding.message = message_text(&row, "message");
		finding.hint = message_text(&row, "hint");
		if (finding.name != NULL && finding.status != NULL &&
			finding.message != NULL)
			put_finding(result, finding);
	}
}

/*
 * Has the engine look at the repository.
 */
static void
check_repository(ReturnSetInfo *result)
{
	JobOutcome	outcome;
	char	   *payload;
	JobSlot    *slot;

	session_require_jobs(false);
	slot = job_request(session_request(JOB_CHECK), 0, true);
	session_await(slot, true, &outcome, &payload);
	put_engine_findings(result, payload);
	if (outcome.sqlstate != ERRCODE_SUCCESSFUL_COMPLETION)
		put_finding(result, (Finding) {
			"repository", FINDING_ERROR, pstrdup(outcome.message),
				outcome.hint[0] ? pstrdup(outcome.hint) : NULL
		});
}

/*
 * What is right and what is not, one row each.
 */
Datum
erpgo_backup_check(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	if (!check_loading(result))
		PG_RETURN_VOID();
	check_repository_location(result);
	check_secrets(result);
	check_programs(result);
	check_server(result);
	if (RecoveryInProgress())
		put_finding(result, (Finding) {
			"standby", FINDING_WARNING,
				"this server is a standby, which makes no backups", NULL
		});
	else
		check_repository(result);
	PG_RETURN_VOID();
}

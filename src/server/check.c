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
#include "key_settings.h"
#include "location.h"
#include "session.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(erpgo_backup_check);

/* The scheduler, and two jobs at a time. */
#define WORKERS_NEEDED 3

#define FINDING_OK "ok"
#define FINDING_WARNING "warning"
#define FINDING_ERROR "error"

#define HINT_SECRETS_FILE "Put BACKUP_ENCRYPTION_KEY=... into a file that only the server's user can read, and name that in erpgo_backup.secrets_file."

/*
 * Adds a row; hint may be NULL.
 */
static void
put_finding(ReturnSetInfo *result, const char *name, const char *status,
			const char *message, const char *hint)
{
	Datum		values[4] = {0};
	bool		nulls[4] = {false};

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(status);
	values[2] = CStringGetTextDatum(message);
	nulls[3] = hint == NULL;
	if (hint != NULL)
		values[3] = CStringGetTextDatum(hint);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Adds a row that says that something is as it should be.
 */
static void
put_ok(ReturnSetInfo *result, const char *name, const char *message)
{
	put_finding(result, name, FINDING_OK, message, NULL);
}

/*
 * Is the library loaded by the server?  Adds a row.
 */
static bool
check_preload(ReturnSetInfo *result)
{
	if (job_table == NULL)
		put_finding(result, "preload", FINDING_ERROR,
					"erpgo_backup is not loaded by the server",
					"Add erpgo_backup to shared_preload_libraries and restart the server.");
	else
		put_ok(result, "preload", "the library is loaded by the server");
	return job_table != NULL;
}

/*
 * Is this the database in which the extension works?  Adds a row.
 */
static bool
check_database(ReturnSetInfo *result)
{
	char	   *here = get_database_name(MyDatabaseId);
	bool		is_here = strcmp(here, setting_database) == 0;

	if (!is_here)
		put_finding(result, "database", FINDING_ERROR,
					psprintf("erpgo_backup works in database \"%s\", not in \"%s\"",
							 setting_database, here),
					"Connect to that database, or change the setting erpgo_backup.database.");
	else
		put_ok(result, "database",
			   psprintf("erpgo_backup works in database \"%s\"", here));
	return is_here;
}

/*
 * May this server write to the repository?
 */
static void
check_enabled(ReturnSetInfo *result)
{
	if (!setting_enabled)
		put_finding(result, "enabled", FINDING_WARNING,
					"this server does not write to the repository",
					"Set erpgo_backup.enabled unless this server is a copy of another one.");
	else
		put_ok(result, "enabled", "this server may write to the repository");
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
		put_finding(result, "repository_location", FINDING_ERROR,
					psprintf("repository \"%s\" is inside \"%s\"", url, folder),
					"Set erpgo_backup.repository to a folder outside of the server's data.");
	else if (path != NULL && location_same_filesystem(path, DataDir))
		put_finding(result, "repository_location", FINDING_WARNING,
					psprintf("repository \"%s\" is on the same file system as the data",
							 url),
					"Set erpgo_backup.repository to a folder on another disk or machine.");
	else
		put_ok(result, "repository_location",
			   psprintf("repository is \"%s\"", url));
}

/*
 * Is there a key, and does it come from where it is safe?
 */
static void
check_secrets(ReturnSetInfo *result)
{
	const char *file = settings_secrets_file();
	char	   *folder = file == NULL ? NULL : location_in_cluster(file);
	const char *key = getenv("BACKUP_ENCRYPTION_KEY");

	if (folder != NULL)
		put_finding(result, "secrets", FINDING_ERROR,
					psprintf("secrets file \"%s\" is inside \"%s\"", file, folder),
					"Move it, and change the setting erpgo_backup.secrets_file.");
	else if (settings_encryption_key_command() != NULL)
		put_ok(result, "secrets", "a command prints the encryption key");
	else if (key != NULL && key[0] != '\0')
		put_finding(result, "secrets", FINDING_WARNING,
					"the encryption key is in the server's environment, which every backend inherits",
					HINT_SECRETS_FILE);
	else if (file == NULL)
		put_finding(result, "secrets", FINDING_WARNING,
					"there is no encryption key, so backups are not encrypted",
					HINT_SECRETS_FILE);
	else
		put_ok(result, "secrets", psprintf("secrets are read from \"%s\"", file));
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

		if (access(path, X_OK) != 0)
			put_finding(result, programs[i], FINDING_ERROR,
						psprintf("could not execute \"%s\"", path),
						"Install it beside the server's programs, in the server's own version.");
		else
			put_ok(result, programs[i], psprintf("\"%s\" is there", path));
	}
}

/*
 * Would damage by disks be noticed?
 */
static void
check_checksums(ReturnSetInfo *result)
{
	const char *checksums = GetConfigOption("data_checksums", false, false);

	if (strcmp(checksums, "on") != 0)
		put_finding(result, "data_checksums", FINDING_WARNING,
					"data checksums are off, so damage by disks is found late or never",
					"Enable them with pg_checksums while the server is down.");
	else
		put_ok(result, "data_checksums", "data checksums are on");
}

/*
 * Does the WAL hold what recovery to a point in time needs?
 */
static void
check_wal_level(ReturnSetInfo *result)
{
	if (wal_level < WAL_LEVEL_REPLICA)
		put_finding(result, "wal_level", FINDING_WARNING,
					"wal_level is \"minimal\", so there is no recovery to a point in time",
					"Set wal_level to \"replica\".");
	else
		put_ok(result, "wal_level",
			   "wal_level allows recovery to a point in time");
}

/*
 * Is there room for our workers?
 */
static void
check_workers(ReturnSetInfo *result)
{
	char	   *message = psprintf("max_worker_processes is %d, and erpgo_backup needs up to %d",
								   max_worker_processes, WORKERS_NEEDED);

	if (max_worker_processes < WORKERS_NEEDED)
		put_finding(result, "max_worker_processes", FINDING_WARNING, message,
					"Increase max_worker_processes.");
	else
		put_ok(result, "max_worker_processes", message);
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
		char	   *name;
		char	   *status;
		char	   *message;

		if (line[0] == '\0')
			continue;
		row = engine_message_read_body(line);
		name = message_text(&row, "name");
		status = message_text(&row, "status");
		message = message_text(&row, "message");
		if (name != NULL && status != NULL && message != NULL)
			put_finding(result, name, status, message,
						message_text(&row, "hint"));
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
		put_finding(result, "repository", FINDING_ERROR, outcome.message,
					outcome.hint[0] != '\0' ? outcome.hint : NULL);
}

/*
 * What is right and what is not, one row each.
 */
Datum
erpgo_backup_check(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	if (!check_preload(result) || !check_database(result))
		PG_RETURN_VOID();
	check_enabled(result);
	check_repository_location(result);
	check_secrets(result);
	check_programs(result);
	check_checksums(result);
	check_wal_level(result);
	check_workers(result);
	if (RecoveryInProgress())
		put_finding(result, "standby", FINDING_WARNING,
					"this server is a standby, which makes no backups", NULL);
	else
		check_repository(result);
	PG_RETURN_VOID();
}

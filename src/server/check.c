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
#include "repository_settings.h"
#include "session.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(erpgo_backup_check);

/* The scheduler, two jobs at a time, and a copy to each further repository. */
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
 * Is a repository where a disaster leaves it alone?
 */
static void
check_location(ReturnSetInfo *result, const char *name, const char *url)
{
	const char *path = store_url_path(url);
	char	   *folder = path == NULL ? NULL : location_in_cluster(path);

	if (folder != NULL)
		put_finding(result, name, FINDING_ERROR,
					psprintf("repository \"%s\" is inside \"%s\"", url, folder),
					"Set erpgo_backup.repository to a folder outside of the server's data.");
	else if (path != NULL && location_same_filesystem(path, DataDir))
		put_finding(result, name, FINDING_WARNING,
					psprintf("repository \"%s\" is on the same file system as the data",
							 url),
					"Set erpgo_backup.repository to a folder on another disk or machine.");
	else
		put_ok(result, name, psprintf("repository is \"%s\"", url));
}

/*
 * The name of a row about a repository; that of the first one is the word.
 */
static char *
row_name(const char *word, int index)
{
	return index == 0 ? pstrdup(word) :
		psprintf("%s_%s", word, repository_name(index));
}

/*
 * Are the repositories where a disaster leaves them alone, and are there
 * several?
 */
static void
check_locations(ReturnSetInfo *result)
{
	RepositoryList *list = settings_repositories();

	for (int i = 0; i < list->count; i++)
		check_location(result, row_name("repository_location", i),
					   list->repositories[i].url);
	if (list->count == 1)
		put_finding(result, "copies", FINDING_WARNING,
					"backups are in one repository only",
					"Add the URL of one elsewhere to erpgo_backup.repository, after a comma.");
	else
		put_ok(result, "copies",
			   psprintf("backups are copied to %d further repositories", list->count - 1));
	pfree(list);
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
	RepositoryList *list = settings_repositories();
	int			needed = WORKERS_NEEDED + list->count - 1;
	char	   *message = psprintf("max_worker_processes is %d, and erpgo_backup needs up to %d",
								   max_worker_processes, needed);

	pfree(list);
	if (max_worker_processes < needed)
		put_finding(result, "max_worker_processes", FINDING_WARNING, message,
					"Increase max_worker_processes.");
	else
		put_ok(result, "max_worker_processes", message);
}

/*
 * Adds a row that the engine found; name may be NULL, for the row's own.  One
 * of a further repository is left out if all is well.  False if it was.
 */
static bool
put_engine_finding(ReturnSetInfo *result, const char *line, const char *name)
{
	EngineMessage row = engine_message_read_body(line);
	char	   *own_name = message_text(&row, "name");
	char	   *status = message_text(&row, "status");
	char	   *message = message_text(&row, "message");

	if (own_name == NULL || status == NULL || message == NULL ||
		(name != NULL && strcmp(status, FINDING_OK) == 0))
		return false;
	put_finding(result, name != NULL ? name : own_name, status, message,
				message_text(&row, "hint"));
	return true;
}

/*
 * Adds the rows that the engine found.  Those of a further repository have its
 * name, and what was said of the first one, in known, is not said again.
 * Returns how many.
 */
static int
put_engine_findings(ReturnSetInfo *result, const char *payload,
					const char *name, const char *known)
{
	char	   *rest = pstrdup(payload);
	char	   *line;
	int			count = 0;

	while ((line = strsep(&rest, "\n")) != NULL)
	{
		if (line[0] != '\0' && (known == NULL || strstr(known, line) == NULL))
			count += put_engine_finding(result, line, name);
	}
	return count;
}

/*
 * Has the engine look at a repository, and adds what it found.  Returns what
 * it said.
 */
static char *
check_repository(ReturnSetInfo *result, const char *url, int index, const char *known)
{
	JobRequest *request = session_request(JOB_CHECK);
	char	   *name = index == 0 ? NULL : row_name("repository", index);
	JobOutcome	outcome;
	char	   *payload;
	int			count;

	if (index > 0)
		strlcpy(request->target, url, sizeof(request->target));
	session_await(job_request(request, 0, true), true, &outcome, &payload);
	count = put_engine_findings(result, payload, name, known);
	if (outcome.sqlstate != ERRCODE_SUCCESSFUL_COMPLETION)
		put_finding(result, row_name("repository", index), FINDING_ERROR, outcome.message,
					outcome.hint[0] != '\0' ? outcome.hint : NULL);
	else if (index > 0 && count == 0)
		put_ok(result, name, psprintf("repository \"%s\" can be written", url));
	return payload;
}

/*
 * Has the engine look at all repositories.
 */
static void
check_repositories(ReturnSetInfo *result)
{
	RepositoryList *list = settings_repositories();
	char	   *known = NULL;

	session_require_jobs(false);
	for (int i = 0; i < list->count; i++)
	{
		char	   *payload = check_repository(result, list->repositories[i].url, i, known);

		if (i == 0)
			known = payload;
	}
	pfree(list);
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
	check_locations(result);
	check_secrets(result);
	check_programs(result);
	check_checksums(result);
	check_wal_level(result);
	check_workers(result);
	if (RecoveryInProgress())
		put_finding(result, "standby", FINDING_WARNING,
					"this server is a standby, which makes no backups", NULL);
	else
		check_repositories(result);
	PG_RETURN_VOID();
}

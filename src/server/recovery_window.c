/*
 * erpgo_backup.recovery_windows: from when to when the cluster can be brought
 * back to any moment, as the engine finds it in each repository.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "engine_protocol.h"
#include "repository_settings.h"
#include "session.h"

PG_FUNCTION_INFO_V1(erpgo_backup_recovery_windows);

/*
 * The columns of the result, all of them texts: after the name of the
 * repository, the members of a row.
 */
static const char *const columns[] = {
	"timeline", "begins_at", "ends_at", "begin_lsn", "end_lsn", "backups",
	"begins_with", "missing"
};

/*
 * Adds a row.
 */
static void
put_window(ReturnSetInfo *result, const char *repository, char *line)
{
	EngineMessage row = engine_message_read_body(line);
	Datum		values[1 + lengthof(columns)] = {CStringGetTextDatum(repository)};
	bool		nulls[1 + lengthof(columns)] = {false};

	for (int i = 0; i < lengthof(columns); i++)
	{
		char	   *value = message_text(&row, columns[i]);

		nulls[1 + i] = value == NULL;
		if (value != NULL)
			values[1 + i] = CStringGetTextDatum(value);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Ends with the error that a search ended with; a further repository that could
 * not be looked at keeps nobody from seeing the others.
 */
static void
tell_problem(const JobOutcome *outcome, const char *repository, bool is_first)
{
	if (is_first)
		session_throw(outcome);
	else if (outcome->sqlstate != ERRCODE_SUCCESSFUL_COMPLETION)
		ereport(WARNING,
				errcode(outcome->sqlstate),
				errmsg("recovery windows of repository %s are not known: %s", repository, outcome->message),
				outcome->hint[0] ? errhint("%s", outcome->hint) : 0);
}

/*
 * Adds the windows of a repository; the URL is "" for the first one.
 */
static void
put_windows(ReturnSetInfo *result, const char *repository, const char *url)
{
	JobRequest *request = session_request(JOB_WINDOW);
	JobOutcome	outcome;
	char	   *payload;
	char	   *line;

	strlcpy(request->target, url, sizeof(request->target));
	session_await(job_request(request, 0, true), true, &outcome, &payload);
	tell_problem(&outcome, repository, url[0] == '\0');
	while ((line = strsep(&payload, "\n")) != NULL)
	{
		if (line[0] != '\0')
			put_window(result, repository, line);
	}
}

Datum
erpgo_backup_recovery_windows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	RepositoryList *list;

	InitMaterializedSRF(fcinfo, 0);
	session_require_jobs(false);
	list = settings_repositories();
	put_windows(result, repository_name(0), "");
	for (int i = 1; i < list->count; i++)
		put_windows(result, repository_name(i), list->repositories[i].url);
	PG_RETURN_VOID();
}

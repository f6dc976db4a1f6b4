/*
 * erpgo_backup_copy.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "history.h"
#include "repository_settings.h"
#include "scheduler.h"
#include "session.h"
#include "statement.h"

PG_FUNCTION_INFO_V1(erpgo_backup_copy);

/*
 * Does a job do what is asked for?
 */
static bool
is_same(const JobRequest *other, const JobRequest *request)
{
	return strcmp(other->id, request->id) == 0 && other->mend;
}

/*
 * Copies a backup to a repository and waits for it.  A copy that is on its way
 * there is waited for as well: its outcome counts if it is the same one.
 */
static void
copy_and_wait(JobRequest *request)
{
	bool		is_done = false;

	while (!is_done)
	{
		bool		joined;
		JobSlot    *slot = job_request_or_join(request, &joined);
		JobOutcome	outcome;
		char	   *payload;

		is_done = !joined || is_same(&slot->request, request);
		session_await(slot, !joined, &outcome, &payload);
		if (is_done)
		{
			session_show_warnings(payload);
			session_throw(&outcome);
		}
	}
}

/*
 * Throws an error unless the backup is a good one.
 */
static void
require_good(const char *id)
{
	char		status[JOB_WORD_SIZE];

	if (!history_status(id, status, NULL) || strcmp(status, JOB_END_OK) != 0)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("backup \"%s\" cannot be copied: its status is \"%s\"", id, status),
				errhint("Only backups whose status is \"ok\" are copied."));
}

/*
 * Has the scheduler copy a backup when this transaction is committed.
 */
static void
copy_later(const JobRequest *request)
{
	const char *args[] = {request->id, request->target};

	SPI_connect();
	statement_run("SELECT erpgo_backup.copies_want($1, $2)", lengthof(args), args);
	SPI_finish();
	scheduler_wake_at_commit();
}

/*
 * Copies a backup to one of the further repositories, or all, or mends the copy
 * there; returns its identifier.
 */
Datum
erpgo_backup_copy(PG_FUNCTION_ARGS)
{
	RepositoryList *list;
	JobRequest *request;
	char	   *name;
	bool		wait;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("\"id\" and \"wait\" must not be null"));
	name = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	wait = PG_GETARG_BOOL(2);
	session_require_jobs(true);
	list = settings_repositories();
	repository_require_further(list, name);
	if (wait)
		session_refuse_blocking_caller("copy");

	request = session_request(JOB_COPY);
	request->mend = true;
	strlcpy(request->id, session_backup_id(text_to_cstring(PG_GETARG_TEXT_PP(0))),
			sizeof(request->id));
	require_good(request->id);
	for (int i = 1; i < list->count; i++)
	{
		if (name != NULL && strcmp(name, repository_name(i)) != 0)
			continue;
		strlcpy(request->target, list->repositories[i].url, sizeof(request->target));
		if (wait)
			copy_and_wait(request);
		else
			copy_later(request);
	}
	PG_RETURN_TEXT_P(cstring_to_text(request->id));
}

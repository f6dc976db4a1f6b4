/*
 * What a job worker does about old backups.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "cleanup_job.h"
#include "followup.h"
#include "history.h"
#include "repository_settings.h"
#include "settings.h"
#include "statement.h"

/* What was decided, as a JSON array that lacks its end; empty before. */
static StringInfoData decisions;

/* How many of them wait for confirmation. */
static int	confirmations = 0;

/*
 * Takes what was decided about a backup.  There is no bound to how many there
 * are, so it goes into a table and not through shared memory.
 */
static void
take_decision(const EngineMessage *message)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	const char *decision = message_text(message, "decision");

	if (decision != NULL && strcmp(decision, "confirm") == 0)
		confirmations++;
	if (decisions.data == NULL)
		initStringInfo(&decisions);
	appendStringInfoChar(&decisions, decisions.len == 0 ? '[' : ',');
	MemoryContextSwitchTo(caller);
	appendStringInfoString(&decisions, message_json(message));
}

void
cleanup_take_message(const JobRequest *request, const EngineMessage *message)
{
	const char *args[] = {
		text_or_null(request->role),
		text_or_null(request->client),
		message_json(message),
		request->target
	};

	if (request->kind != JOB_EXPIRE)
		return;
	if (message->kind == MESSAGE_ROW)
		take_decision(message);
	else if (request->target[0] != '\0')
		history_execute("SELECT erpgo_backup.copy_deleted($1, $2, $3, $4)",
						lengthof(args), args);
	else
		history_execute("SELECT erpgo_backup.backup_deleted($1, $2, $3)",
						3, args);
}

void
cleanup_take_result(const JobRequest *request, const EngineMessage *message)
{
	char	   *missing = message_text(message, "wal_missing");
	const char *args[] = {"WAL archive", missing};

	if (missing == NULL || request->target[0] != '\0')
		return;
	if (missing[0] == '\0')
		args[1] = NULL;
	history_execute("SELECT erpgo_backup.health_note($1, $2)", lengthof(args), args);
}

int
cleanup_confirmations(void)
{
	return confirmations;
}

void
cleanup_store_decisions(const JobSlot *slot)
{
	const char *args[2];

	if (decisions.len == 0 || slot->request.role[0] == '\0')
		return;
	appendStringInfoChar(&decisions, ']');
	args[0] = psprintf(UINT64_FORMAT, slot->number);
	args[1] = decisions.data;
	history_execute("SELECT erpgo_backup.decisions_store($1, $2)",
					lengthof(args), args);
}

/*
 * Asks for a clean-up of each further repository, as somebody did for one of
 * the first: what has to be confirmed there, has to be here.
 */
static void
clean_further(const JobRequest *request)
{
	RepositoryList *list = settings_repositories();

	for (int i = 1; i < list->count; i++)
	{
		JobRequest	cleanup = *request;

		strlcpy(cleanup.target, list->repositories[i].url, sizeof(cleanup.target));
		followup_request(&cleanup, NULL,
						 "there is no clean-up of old copies this time");
	}
	pfree(list);
}

/*
 * Has a further repository all that it can have now?
 */
static bool
all_is_copied(JobRequest *cleanup)
{
	const char *target = cleanup->target;

	return statement_run("SELECT FROM erpgo_backup.copy_agenda"
						 " WHERE url = $1 AND backup_id IS NOT NULL", 1, &target) == 0;
}

void
cleanup_request_after(const JobRequest *request)
{
	JobRequest	cleanup = {.kind = JOB_EXPIRE};

	if (!setting_enabled)
		return;
	if (request->kind == JOB_BACKUP)
		followup_request(&cleanup, NULL,
						 "there is no clean-up of old backups this time");
	else if (request->kind == JOB_COPY)
	{
		strlcpy(cleanup.target, request->target, sizeof(cleanup.target));
		followup_request(&cleanup, all_is_copied,
						 "there is no clean-up of old copies this time");
	}
	else if (job_is_cleanup(request) && request->target[0] == '\0' &&
			 request->role[0] != '\0')
		clean_further(request);
}

/*
 * The tables of schema erpgo_backup: what ran and what there is.
 *
 * The statements themselves are functions of the extension's script, in the
 * same schema.  Their arguments are given as texts and cast there, so that
 * one small function here runs them all.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "history.h"
#include "job_description.h"
#include "text_query.h"

/*
 * Begins a transaction that can run queries.  The result is the memory
 * context that the caller was in.
 */
static MemoryContext
begin_transaction(void)
{
	MemoryContext caller = CurrentMemoryContext;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	return caller;
}

/*
 * Commits it.
 */
static void
end_transaction(MemoryContext caller)
{
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	MemoryContextSwitchTo(caller);
}

/*
 * Runs a statement that may write.  Returns the number of rows.
 */
static uint64
query(const char *statement, int nargs, const char *const *args)
{
	return text_query(statement, nargs, args, false);
}

/*
 * Runs a query in a transaction of its own and returns the texts in its first
 * column, allocated in the caller's memory context.
 */
static char **
query_texts(const char *statement, int nargs, const char *const *args, int *count)
{
	MemoryContext caller = begin_transaction();
	char	  **texts;

	*count = (int) query(statement, nargs, args);
	texts = MemoryContextAlloc(caller, (*count + 1) * sizeof(char *));
	for (int i = 0; i < *count; i++)
		texts[i] = MemoryContextStrdup(caller, text_query_value(i, 1));
	end_transaction(caller);
	return texts;
}

void
history_execute(const char *statement, int nargs, const char *const *args)
{
	MemoryContext caller = begin_transaction();

	query(statement, nargs, args);
	end_transaction(caller);
}

/*
 * NULL instead of an empty text.
 */
static const char *
null_if_empty(const char *value)
{
	return value == NULL || value[0] == '\0' ? NULL : value;
}

/*
 * Throws an error if the extension does not exist.
 */
static void
require_extension(void)
{
	if (!history_exists())
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("extension \"erpgo_backup\" does not exist in database \"%s\"",
					   get_database_name(MyDatabaseId)),
				errhint("Create it with CREATE EXTENSION erpgo_backup."));
}

/*
 * The word for what a request does, as the audit has it.
 */
static const char *
audit_action(const JobRequest *request)
{
	return request->kind == JOB_EVENT ? request->event_kind :
		job_kind_name(request->kind);
}

/*
 * Adds a row to the audit.
 */
static void
add_audit(const JobRequest *request, const char *action, const char *outcome,
		  const char *message)
{
	const char *args[] = {
		null_if_empty(request->role),
		null_if_empty(request->client),
		action,
		null_if_empty(request->id),
		outcome,
		null_if_empty(message),
		null_if_empty(request->event_key),
		null_if_empty(request->event_value),
	};

	query("SELECT erpgo_backup.audit_add($1, $2, $3, $4, $5, $6, $7, $8)",
		  lengthof(args), args);
}

/*
 * The timeline that the server writes, as text; allocated.
 */
static const char *
timeline(void)
{
	return psprintf("%u", GetWALInsertionTimeLine());
}

/*
 * Adds the row of a backup that begins.
 */
static void
begin_backup(const JobRequest *request)
{
	const char *args[] = {
		request->id,
		backup_type_name(request->type),
		request->database_count == 0 ? NULL :
		names_to_json(request->databases, request->database_count),
		null_if_empty(request->label),
		timeline(),
		null_if_empty(request->schedule),
	};

	query("SELECT erpgo_backup.backup_begin($1, $2, $3, $4, $5, $6)",
		  lengthof(args), args);
	add_audit(request, "backup", "started", NULL);
}

void
history_begin(const JobRequest *request)
{
	MemoryContext caller = begin_transaction();
	const char *args[] = {request->id, job_kind_name(request->kind)};

	require_extension();
	if (request->kind == JOB_BACKUP && request->attempt == 1)
		begin_backup(request);
	else if (request->kind == JOB_BACKUP)
		query("UPDATE erpgo_backup.backup SET status = 'running' WHERE id = $1",
			  1, args);
	if (request->kind == JOB_BACKUP || request->kind == JOB_VERIFY)
		query("SELECT erpgo_backup.attempt_begin($1, $2)",
			  lengthof(args), args);
	end_transaction(caller);
}

void
history_verifying(const char *id)
{
	history_execute("UPDATE erpgo_backup.backup SET status = 'verifying'"
					" WHERE id = $1 AND status = 'running'", 1, &id);
}

void
history_take_backup(const char *json)
{
	history_execute("SELECT erpgo_backup.backup_take($1)", 1, &json);
}

/*
 * Notes the end of an attempt.
 */
static void
end_attempt(const JobRequest *request, const JobEnd *end)
{
	const JobOutcome *outcome = end->outcome;
	bool		ok = outcome->sqlstate == ERRCODE_SUCCESSFUL_COMPLETION;
	const char *args[] = {
		request->id,
		job_kind_name(request->kind),
		end->status,
		null_if_empty(end->phase),
		psprintf(INT64_FORMAT, end->bytes),
		null_if_empty(outcome->message),
		ok ? NULL : unpack_sql_state(outcome->sqlstate),
		null_if_empty(outcome->detail),
		null_if_empty(outcome->hint),
	};

	query("SELECT erpgo_backup.attempt_end($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		  lengthof(args), args);
}

/*
 * Notes the end of a backup.
 */
static void
end_backup(const JobRequest *request, const JobEnd *end)
{
	const char *args[] = {
		request->id,
		end->status,
		end->outcome->message,
		end->leftovers ? "true" : "false",
	};

	if (strcmp(end->status, JOB_END_OK) == 0)
		query("SELECT erpgo_backup.backup_take($1)", 1, &end->backup_json);
	else
		query("SELECT erpgo_backup.backup_end($1, $2, $3, $4)",
			  lengthof(args), args);
}

/*
 * Notes what a verification found; one that could not be done says nothing.
 */
static void
end_verification(const JobRequest *request, const JobEnd *end)
{
	TimestampTz at = end->outcome->finished_at;
	const char *args[] = {
		request->id,
		DatumGetCString(DirectFunctionCall1(timestamptz_out,
											TimestampTzGetDatum(at))),
		verify_depth_name(request->depth),
		end->damaged ? end->outcome->message : NULL,
	};

	if (end->damaged || strcmp(end->status, JOB_END_OK) == 0)
		query("SELECT erpgo_backup.backup_verified($1, $2, $3, $4)",
			  lengthof(args), args);
}

/*
 * Applies an event that is in the repository now.
 */
static void
end_event(const JobRequest *request, const JobEnd *end)
{
	const char *args[] = {
		request->id,
		request->event_kind,
		request->event_key,
		null_if_empty(request->event_value),
	};

	if (strcmp(end->status, JOB_END_OK) == 0)
		query("SELECT erpgo_backup.backup_change($1, $2, $3, $4)",
			  lengthof(args), args);
}

void
history_end(const JobRequest *request, const JobEnd *end)
{
	MemoryContext caller;

	if (!job_leaves_record(request, strcmp(end->status, JOB_END_OK) == 0))
		return;
	caller = begin_transaction();
	require_extension();
	switch (request->kind)
	{
		case JOB_BACKUP:
			end_attempt(request, end);
			if (!end->is_retried)
				end_backup(request, end);
			break;
		case JOB_VERIFY:
			end_attempt(request, end);
			end_verification(request, end);
			break;
		case JOB_EVENT:
			end_event(request, end);
			break;
		case JOB_SYNC:
		case JOB_CHECK:
		case JOB_NOTIFY:
		case JOB_RECOVER:
		case JOB_EXPIRE:
		case JOB_METRICS:
		case JOB_MEASURE:
			break;
	}
	add_audit(request, audit_action(request), end->status,
			  end->outcome->message);
	end_transaction(caller);
}

void
history_cancelled(const JobRequest *request, const char *role)
{
	MemoryContext caller = begin_transaction();
	const char *args[] = {role, null_if_empty(request->id)};

	query("SELECT erpgo_backup.audit_add($1, NULL, 'cancel', $2, 'ok', NULL, NULL, NULL)",
		  lengthof(args), args);
	end_transaction(caller);
}

char	  **
history_missing(TimestampTz since, int *count)
{
	const char *at = DatumGetCString(DirectFunctionCall1(timestamptz_out,
														 TimestampTzGetDatum(since)));

	return query_texts("SELECT erpgo_backup.backup_missing($1)", 1, &at, count);
}

char	  **
history_unfinished(int *count)
{
	return query_texts("SELECT id FROM erpgo_backup.backup"
					   " WHERE status IN ('running', 'verifying')"
					   " UNION SELECT backup_id FROM erpgo_backup.attempt"
					   " WHERE status = 'running'", 0, NULL, count);
}

void
history_interrupted(const char *id)
{
	history_execute("SELECT erpgo_backup.backup_interrupted($1)", 1, &id);
}

char	  **
history_leftovers(int *count)
{
	const char *here = timeline();

	return query_texts("SELECT id FROM erpgo_backup.backup WHERE leftovers"
					   " AND status IN ('failed', 'cancelled', 'interrupted')"
					   " AND timeline = $1::integer ORDER BY id",
					   1, &here, count);
}

void
history_discarded(const char *id)
{
	history_execute("UPDATE erpgo_backup.backup SET leftovers = false WHERE id = $1",
					1, &id);
}

bool
history_exists(void)
{
	return OidIsValid(get_extension_oid("erpgo_backup", true));
}

int64
history_newest_time(void)
{
	int64_t		at = 0;

	SPI_connect();
	if (query("SELECT max(id) FROM erpgo_backup.backup", 0, NULL) == 1)
	{
		char	   *id = text_query_value(0, 1);

		if (id != NULL)
			(void) backup_id_parse(id, &at, NULL);
	}
	SPI_finish();
	return at;
}

char *
history_latest(void)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *id = NULL;

	SPI_connect();
	if (query("SELECT max(id) FROM erpgo_backup.backup WHERE present", 0,
			  NULL) == 1)
		id = text_query_value(0, 1);
	if (id != NULL)
		id = MemoryContextStrdup(caller, id);
	SPI_finish();
	return id;
}

/*
 * Takes the last error of a backup out of a result row of history_status.
 */
static void
read_outcome(JobOutcome *outcome)
{
	char	   *sqlstate = text_query_value(0, 3);
	int			number = ERRCODE_INTERNAL_ERROR;

	if (sqlstate != NULL && strlen(sqlstate) == 5)
		number = MAKE_SQLSTATE(sqlstate[0], sqlstate[1], sqlstate[2],
							   sqlstate[3], sqlstate[4]);
	job_outcome_error(outcome, number, text_query_value(0, 2),
					  text_query_value(0, 4), text_query_value(0, 5));
}

bool
history_status(const char *id, char status[JOB_WORD_SIZE], JobOutcome *outcome)
{
	bool		found;

	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	found = text_query("SELECT b.status, coalesce(b.error, b.verification_error),"
					   " a.sqlstate, a.detail, a.hint"
					   " FROM erpgo_backup.backup AS b"
					   " LEFT JOIN erpgo_backup.attempt AS a"
					   " ON a.backup_id = b.id AND a.operation = 'backup'"
					   " WHERE b.id = $1 ORDER BY a.number DESC LIMIT 1",
					   1, &id, true) == 1;
	if (found)
	{
		strlcpy(status, text_query_value(0, 1), JOB_WORD_SIZE);
		if (outcome != NULL)
			read_outcome(outcome);
	}
	PopActiveSnapshot();
	SPI_finish();
	return found;
}

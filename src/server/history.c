/*
 * The tables of schema erpgo_backup: what ran and what there is.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "history.h"
#include "job_description.h"
#include "statement.h"

/*
 * Runs a query in a transaction of its own and returns the texts in its first
 * column, allocated in the caller's memory context.
 */
static char **
query_texts(const char *statement, int nargs, const char *const *args, int *count)
{
	MemoryContext caller = transaction_begin();
	char	  **texts;

	*count = (int) statement_run(statement, nargs, args);
	texts = MemoryContextAlloc(caller, (*count + 1) * sizeof(char *));
	for (int i = 0; i < *count; i++)
		texts[i] = MemoryContextStrdup(caller, statement_text(i, 1));
	transaction_end(caller);
	return texts;
}

void
history_execute(const char *statement, int nargs, const char *const *args)
{
	MemoryContext caller = transaction_begin();

	statement_run(statement, nargs, args);
	transaction_end(caller);
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
		text_or_null(request->label),
		timeline(),
		text_or_null(request->schedule),
	};

	statement_run("SELECT erpgo_backup.backup_begin($1, $2, $3, $4, $5, $6)",
				  lengthof(args), args);
	audit_add(request, "backup", "started", NULL);
}

/*
 * Does a request make a copy, or verify one?
 */
static bool
is_about_copy(const JobRequest *request)
{
	return request->kind == JOB_COPY ||
		(request->kind == JOB_VERIFY && request->target[0] != '\0');
}

/*
 * Notes that a copy begins, or its verification.
 */
static void
begin_copy(const JobRequest *request)
{
	const char *args[] = {request->id, request->target, request->mend ? "true" : "false"};

	if (request->kind == JOB_COPY)
		statement_run("SELECT erpgo_backup.copy_begin($1, $2, $3)", lengthof(args), args);
	else
		statement_run("SELECT erpgo_backup.copy_look($1, $2)", 2, args);
}

void
history_begin(const JobRequest *request)
{
	MemoryContext caller = transaction_begin();
	const char *args[] = {
		request->id,
		job_kind_name(request->kind),
		request->kind == JOB_VERIFY ? verify_depth_name(request->depth) : NULL,
		text_or_null(request->schedule),
	};

	history_require();
	if (is_about_copy(request))
		begin_copy(request);
	else if (request->kind == JOB_BACKUP && request->attempt == 1)
		begin_backup(request);
	else if (request->kind == JOB_BACKUP)
		statement_run("UPDATE erpgo_backup.backup SET status = 'running' WHERE id = $1",
					  1, args);
	if (request->kind == JOB_BACKUP || (request->kind == JOB_VERIFY && !is_about_copy(request)))
		statement_run("SELECT erpgo_backup.attempt_begin($1, $2, $3, $4)",
					  lengthof(args), args);
	transaction_end(caller);
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

char	  **
history_copies_begun(int *count)
{
	return query_texts("SELECT v.value FROM erpgo_backup.copy AS c"
					   " CROSS JOIN LATERAL (VALUES (1, c.backup_id), (2, c.repository))"
					   " AS v (place, value)"
					   " WHERE c.status = 'copying'"
					   " ORDER BY c.backup_id, c.repository, v.place", 0, NULL, count);
}

void
history_copy_interrupted(const char *id, const char *target)
{
	const char *args[] = {id, target};

	history_execute("SELECT erpgo_backup.copy_interrupted($1, $2)",
					lengthof(args), args);
}

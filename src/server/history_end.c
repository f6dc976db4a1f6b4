/*
 * How a job ended, in the tables of schema erpgo_backup.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "audit.h"
#include "history.h"
#include "statement.h"

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
		text_or_null(end->phase),
		psprintf(INT64_FORMAT, end->bytes),
		text_or_null(outcome->message),
		ok ? NULL : unpack_sql_state(outcome->sqlstate),
		text_or_null(outcome->detail),
		text_or_null(outcome->hint),
	};

	statement_run("SELECT erpgo_backup.attempt_end($1, $2, $3, $4, $5, $6, $7, $8, $9)",
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
		statement_run("SELECT erpgo_backup.backup_take($1)", 1, &end->backup_json);
	else
		statement_run("SELECT erpgo_backup.backup_end($1, $2, $3, $4)",
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
		statement_run("SELECT erpgo_backup.backup_verified($1, $2, $3, $4)",
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
		text_or_null(request->event_value),
	};

	if (strcmp(end->status, JOB_END_OK) == 0)
		statement_run("SELECT erpgo_backup.backup_change($1, $2, $3, $4)",
					  lengthof(args), args);
}

/*
 * Was a backup itself the reason why a job on it, or its copy, failed: it is
 * damaged, or not there, as an SQLSTATE says?  What else fails would do so with
 * any.
 */
static const char *
is_its_own(const JobEnd *end, int absence)
{
	return end->damaged || end->outcome->sqlstate == absence ? "true" : "false";
}

/*
 * The word for what a verification found wrong with a copy; NULL if nothing.
 * What a clean-up deletes it notes itself.
 */
static const char *
copy_finding(const JobRequest *request, const JobEnd *end)
{
	if (end->damaged)
		return "damaged";
	if (end->outcome->sqlstate == ERRCODE_UNDEFINED_FILE &&
		!job_target_active(JOB_EXPIRE, request->target))
		return "gone";
	return NULL;
}

/*
 * Notes what a verification found of a copy in a further repository.
 */
static void
end_copy_verification(const JobRequest *request, const JobEnd *end)
{
	const char *args[] = {
		request->id,
		request->target,
		end->status,
		verify_depth_name(request->depth),
		is_its_own(end, ERRCODE_UNDEFINED_FILE),
		copy_finding(request, end),
		text_or_null(end->outcome->message),
		text_or_null(end->outcome->hint),
	};

	statement_run("SELECT erpgo_backup.copy_looked($1, $2, $3, $4, $5, $6, $7, $8)",
				  lengthof(args), args);
}

/*
 * Notes how a copy ended.
 */
static void
end_copy(const JobRequest *request, const JobEnd *end)
{
	const JobOutcome *outcome = end->outcome;
	const char *args[] = {
		request->id,
		request->target,
		end->status,
		end->result_json,
		is_its_own(end, ERRCODE_UNDEFINED_OBJECT),
		text_or_null(outcome->message),
		text_or_null(outcome->hint),
	};

	statement_run("SELECT erpgo_backup.copy_end($1, $2, $3, $4, $5, $6, $7)",
				  lengthof(args), args);
}

void
history_end(const JobRequest *request, const JobEnd *end)
{
	MemoryContext caller;

	bool		is_audited = job_leaves_record(request, strcmp(end->status, JOB_END_OK) == 0);

	if (!is_audited && request->kind != JOB_COPY)
		return;
	caller = transaction_begin();
	history_require();
	switch (request->kind)
	{
		case JOB_BACKUP:
			end_attempt(request, end);
			if (!end->is_retried)
				end_backup(request, end);
			break;
		case JOB_VERIFY:
			if (request->target[0] != '\0')
			{
				end_copy_verification(request, end);
				break;
			}
			end_attempt(request, end);
			end_verification(request, end);
			break;
		case JOB_EVENT:
			end_event(request, end);
			break;
		case JOB_SYNC:
		case JOB_ADOPT:
		case JOB_CHECK:
		case JOB_WINDOW:
		case JOB_NOTIFY:
		case JOB_RECOVER:
		case JOB_EXPIRE:
		case JOB_METRICS:
		case JOB_MEASURE:
		case JOB_TAIL:
		case JOB_COPY_WAL:
			break;
		case JOB_COPY:
			end_copy(request, end);
			break;
	}
	if (is_audited)
		audit_add(request, audit_action(request), end->status,
				  end->outcome->message);
	transaction_end(caller);
}

void
history_cancelled(const JobRequest *request, const char *role)
{
	MemoryContext caller = transaction_begin();
	const char *args[] = {role, text_or_null(request->id)};

	statement_run("SELECT erpgo_backup.audit_add($1, NULL, 'cancel', $2, 'ok', NULL, NULL, NULL)",
				  lengthof(args), args);
	transaction_end(caller);
}

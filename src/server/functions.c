/*
 * SQL functions about backups that there are, and about what is running.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "repository_settings.h"
#include "session.h"

PG_FUNCTION_INFO_V1(erpgo_backup_verify);
PG_FUNCTION_INFO_V1(erpgo_backup_pin);
PG_FUNCTION_INFO_V1(erpgo_backup_unpin);
PG_FUNCTION_INFO_V1(erpgo_backup_annotate);
PG_FUNCTION_INFO_V1(erpgo_backup_sync);
PG_FUNCTION_INFO_V1(erpgo_backup_adopt);
PG_FUNCTION_INFO_V1(erpgo_backup_job_progress);

#define PROGRESS_COLUMNS 12

/*
 * The depth that a user named; an error if that cannot be done.
 */
static VerifyDepth
read_depth(const char *word)
{
	VerifyDepth depth;

	if (!verify_depth_parse(word, &depth))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unrecognized depth of verification: \"%s\"", word),
				errhint("Depths are \"digest\", \"archive\" and \"full\"."));
	if (depth == VERIFY_RESTORE)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("verification by a restore is not supported"),
				errhint("Depths are \"digest\", \"archive\" and \"full\"."));
	return depth;
}

/*
 * A request about a backup that the first argument names.
 */
static JobRequest *
request_on_backup(FunctionCallInfo fcinfo, JobKind kind)
{
	JobRequest *request = session_request(kind);
	char	   *given = text_to_cstring(PG_GETARG_TEXT_PP(0));

	strlcpy(request->id, session_backup_id(given), sizeof(request->id));
	return request;
}

/*
 * Has a request be about a further repository, by its name.
 */
static void
set_target(JobRequest *request, const char *name)
{
	RepositoryList *list = settings_repositories();

	repository_require_further(list, name);
	strlcpy(request->target, list->repositories[atoi(name) - 1].url, sizeof(request->target));
}

/*
 * Verifies a backup, or its copy in a further repository; returns its
 * identifier, the depth and the time.
 */
Datum
erpgo_backup_verify(PG_FUNCTION_ARGS)
{
	VerifyDepth depth;
	JobRequest *request;
	JobOutcome	outcome;
	TupleDesc	tupdesc;
	Datum		values[3];
	bool		nulls[3] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("\"id\" and \"depth\" must not be null"));
	depth = read_depth(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	session_require_jobs(true);
	request = request_on_backup(fcinfo, JOB_VERIFY);
	request->depth = depth;
	if (!PG_ARGISNULL(2))
		set_target(request, text_to_cstring(PG_GETARG_TEXT_PP(2)));
	session_do(request, 0, &outcome);

	values[0] = CStringGetTextDatum(request->id);
	values[1] = CStringGetTextDatum(verify_depth_name(depth));
	values[2] = TimestampTzGetDatum(outcome.finished_at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}

/*
 * Stores an event about the backup that the first argument names.
 */
static void
add_event(FunctionCallInfo fcinfo, const char *kind, const char *key,
		  const char *value)
{
	JobRequest *request;
	JobOutcome	outcome;

	session_require_jobs(true);
	request = request_on_backup(fcinfo, JOB_EVENT);
	strlcpy(request->event_kind, kind, sizeof(request->event_kind));
	session_fill_text(request->event_key, sizeof(request->event_key), key,
					  "key");
	session_fill_text(request->event_value, sizeof(request->event_value),
					  value, "value");
	session_do(request, 0, &outcome);
}

/*
 * Protects a backup from being removed.
 */
Datum
erpgo_backup_pin(PG_FUNCTION_ARGS)
{
	char	   *reason = text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (reason[0] == '\0')
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a pin needs a reason"));
	add_event(fcinfo, "pin", "", reason);
	PG_RETURN_VOID();
}

/*
 * Takes that protection away.
 */
Datum
erpgo_backup_unpin(PG_FUNCTION_ARGS)
{
	add_event(fcinfo, "unpin", "", "");
	PG_RETURN_VOID();
}

/*
 * Notes something about a backup; an empty value takes the note away.
 */
Datum
erpgo_backup_annotate(PG_FUNCTION_ARGS)
{
	char	   *key = text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (key[0] == '\0')
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("an annotation needs a key"));
	add_event(fcinfo, "annotate", key,
			  text_to_cstring(PG_GETARG_TEXT_PP(2)));
	PG_RETURN_VOID();
}

/*
 * Makes the catalog say what the repository says; returns how many backups
 * are there.
 */
Datum
erpgo_backup_sync(PG_FUNCTION_ARGS)
{
	JobOutcome	outcome;

	session_require_jobs(false);
	session_await_cleanup();
	session_do(session_request(JOB_SYNC), 0, &outcome);
	PG_RETURN_INT64(outcome.count);
}

/*
 * Makes this server the one that writes to the repositories, the first one
 * first.
 */
Datum
erpgo_backup_adopt(PG_FUNCTION_ARGS)
{
	RepositoryList *list;

	session_require_jobs(false);
	list = settings_repositories();
	for (int i = 0; i < list->count; i++)
	{
		JobRequest *request = session_request(JOB_ADOPT);
		JobOutcome	outcome;

		if (i > 0)
			strlcpy(request->target, list->repositories[i].url, sizeof(request->target));
		session_do(request, 0, &outcome);
	}
	PG_RETURN_VOID();
}

/*
 * A text, or null if it is empty.
 */
static Datum
text_or_null(const char *value, bool *isnull)
{
	*isnull = value[0] == '\0';
	return *isnull ? (Datum) 0 : CStringGetTextDatum(value);
}

/*
 * A number of seconds as an interval.
 */
static Datum
seconds_to_interval(double seconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = (TimeOffset) (seconds * USECS_PER_SEC);
	return IntervalPGetDatum(interval);
}

/*
 * Bytes a second in the present phase; 0 if that cannot be told yet.
 */
static double
progress_rate(const JobProgress *progress)
{
	TimestampTz elapsed = GetCurrentTimestamp() - progress->phase_started_at;
	double		seconds = (double) elapsed / USECS_PER_SEC;

	if (progress->phase_started_at == 0 || seconds < 1)
		return 0;
	return (progress->bytes_done - progress->phase_offset) / seconds;
}

/*
 * Fills in the columns that tell how far a job is.
 */
static void
fill_progress(const JobProgress *progress, Datum *values, bool *nulls)
{
	int64		done = progress->bytes_done;
	int64		expected = progress->bytes_expected;
	double		rate = progress_rate(progress);

	values[3] = text_or_null(progress->phase, &nulls[3]);
	values[4] = text_or_null(progress->database, &nulls[4]);
	values[5] = Int64GetDatum(done);
	values[6] = Int64GetDatum(expected);
	values[7] = Float8GetDatum(expected > 0 ?
							   Min(100.0, rint(1000.0 * done / expected) / 10) : 0);
	values[8] = Int64GetDatum((int64) rate);
	/* An estimate that is exceeded is none. */
	nulls[6] = expected == 0;
	nulls[7] = expected == 0;
	nulls[8] = rate <= 0;
	nulls[9] = rate <= 0 || expected < done || expected == 0;
	if (!nulls[9])
		values[9] = seconds_to_interval((expected - done) / rate);
}

/*
 * Adds a row for a job.
 */
static void
put_progress_row(ReturnSetInfo *result, const JobSlot *slot)
{
	Datum		values[PROGRESS_COLUMNS] = {0};
	bool		nulls[PROGRESS_COLUMNS] = {false};
	bool		is_backup = slot->request.kind == JOB_BACKUP;

	values[0] = text_or_null(slot->request.id, &nulls[0]);
	values[1] = CStringGetTextDatum(job_kind_name(slot->request.kind));
	nulls[2] = !is_backup;
	if (is_backup)
		values[2] = CStringGetTextDatum(backup_type_name(slot->request.type));
	fill_progress(&slot->progress, values, nulls);
	values[10] = TimestampTzGetDatum(slot->started_at);
	values[11] = Int32GetDatum(slot->pid);
	nulls[11] = slot->pid == 0;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * What is running, one row a job; no row where nothing can run.
 */
Datum
erpgo_backup_job_progress(PG_FUNCTION_ARGS)
{
	JobSlot    *copies;

	InitMaterializedSRF(fcinfo, 0);
	if (job_table == NULL)
		PG_RETURN_VOID();

	copies = palloc(sizeof(job_table->slots));
	LWLockAcquire(job_table->lock, LW_SHARED);
	memcpy(copies, job_table->slots, sizeof(job_table->slots));
	LWLockRelease(job_table->lock);
	for (int i = 0; i < JOB_SLOTS; i++)
	{
		if (copies[i].state != JOB_FREE && copies[i].state != JOB_FINISHED)
			put_progress_row((ReturnSetInfo *) fcinfo->resultinfo, &copies[i]);
	}
	PG_RETURN_VOID();
}

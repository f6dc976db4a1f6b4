/*
 * SQL functions about schedules.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "backup_arguments.h"
#include "schedule_definition.h"
#include "scheduler.h"
#include "session.h"
#include "zone_clock.h"

PG_FUNCTION_INFO_V1(erpgo_backup_schedule);
PG_FUNCTION_INFO_V1(erpgo_backup_unschedule);
PG_FUNCTION_INFO_V1(erpgo_backup_next_runs);
PG_FUNCTION_INFO_V1(erpgo_backup_schedule_plan);
PG_FUNCTION_INFO_V1(erpgo_backup_schedule_run_after);
PG_FUNCTION_INFO_V1(erpgo_backup_cron_is_valid);
PG_FUNCTION_INFO_V1(erpgo_backup_wake_scheduler);

/* The arguments of erpgo_backup_schedule, which are columns of its table. */
enum
{
	NAME,
	CRON,
	TYPE,
	DATABASES,
	TIMEZONE,
	ENABLED,
	CATCH_UP,
	JITTER,
	MAXIMUM_DURATION,
	COLUMNS
};

#define MAX_JITTER_S (24 * 60 * 60)
#define MAX_DURATION_S (20 * 24 * 60 * 60)

/* What erpgo_backup_next_runs gives at most. */
#define MAX_RUNS 10000

/*
 * The expression that a user wrote; an error if it is none.
 */
static void
read_cron(const char *expression, Cron *cron)
{
	const char *problem;

	if (!cron_parse(expression, cron, &problem))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("\"%s\" is not a cron expression", expression),
				errdetail("%s", problem),
				errhint("Five fields are minute, hour, day of the month, month and day of the week, as in \"30 2 * * mon-fri\"."));
}

/*
 * The time zone that a user named; an error if there is none of that name.
 */
static void
read_zone(const char *name, Clock *clock)
{
	if (!zone_clock(name, clock))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("time zone \"%s\" is not known", name),
				errhint("The view pg_timezone_names lists those that are."));
}

/*
 * An interval in seconds, a day being 24 hours and a month 30 days, as
 * everywhere where intervals are compared.
 */
static int64
interval_seconds(const Interval *interval)
{
	return ((int64) interval->month * DAYS_PER_MONTH + interval->day) *
		SECS_PER_DAY + interval->time / USECS_PER_SEC;
}

/*
 * Throws an error unless an interval is within its bounds.
 */
static void
check_interval(const Interval *interval, int64 limit, const char *what,
			   const char *limit_text)
{
	int64		seconds = interval_seconds(interval);

	if (seconds < 0 || seconds > limit || interval->time < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("\"%s\" must lie between 0 and %s", what, limit_text));
}

/*
 * Throws an error unless the intervals that are given are within bounds.
 */
static void
check_intervals(FunctionCallInfo fcinfo)
{
	check_interval(PG_GETARG_INTERVAL_P(JITTER), MAX_JITTER_S, "jitter",
				   "1 day");
	if (!PG_ARGISNULL(MAXIMUM_DURATION))
		check_interval(PG_GETARG_INTERVAL_P(MAXIMUM_DURATION), MAX_DURATION_S,
					   "maximum_duration", "20 days");
}

/*
 * The type that a user named, in the word that is stored.
 */
static const char *
read_type(const char *word)
{
	BackupType	type;

	if (strcmp(word, SCHEDULE_VERIFY) == 0)
		return SCHEDULE_VERIFY;
	if (!backup_type_parse(word, &type))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unrecognized type of schedule: \"%s\"", word),
				errhint("Types are \"full\", \"schema\", \"data\", \"physical\" and \"verify\"."));
	return backup_type_name(backup_type_argument(word));
}

/*
 * Throws an error if an argument is null that must not be.
 */
static void
refuse_nulls(FunctionCallInfo fcinfo)
{
	for (int i = 0; i < COLUMNS; i++)
	{
		if (PG_ARGISNULL(i) && i != DATABASES && i != MAXIMUM_DURATION)
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("only \"databases\" and \"maximum_duration\" of a schedule may be null"));
	}
}

/*
 * Throws an error unless the name can be that of a schedule.
 */
static void
check_name(const char *name)
{
	if (name[0] == '\0')
		ereport(ERROR,
				errcode(ERRCODE_INVALID_NAME),
				errmsg("a schedule needs a name"));
	if (strlen(name) >= JOB_WORD_SIZE)
		ereport(ERROR,
				errcode(ERRCODE_NAME_TOO_LONG),
				errmsg("name of schedule is too long"),
				errdetail("It may have at most %d bytes.", JOB_WORD_SIZE - 1));
}

/*
 * Throws an error unless the databases are such that the type can be made.
 */
static void
check_databases(ArrayType *databases, const char *type)
{
	JobRequest *scratch = palloc0(sizeof(JobRequest));
	BackupType	backup_type;

	if (strcmp(type, SCHEDULE_VERIFY) == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a schedule of type \"verify\" has no databases"),
				errdetail("It verifies the newest backup as a whole."));
	if (backup_type_parse(type, &backup_type))
		backup_scope_check(backup_type, true);
	backup_databases_check(databases);
	backup_databases_fill(scratch, databases);
	pfree(scratch);
}

/*
 * Checks the arguments of erpgo_backup_schedule and fills in the schedule that
 * they define, and the canonical word for its type.
 */
static void
read_schedule(FunctionCallInfo fcinfo, Schedule *schedule, const char **type)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(NAME));
	char	   *cron = text_to_cstring(PG_GETARG_TEXT_PP(CRON));
	char	   *zone = text_to_cstring(PG_GETARG_TEXT_PP(TIMEZONE));
	Interval   *jitter = PG_GETARG_INTERVAL_P(JITTER);
	char	   *problem;

	check_name(name);
	*type = read_type(text_to_cstring(PG_GETARG_TEXT_PP(TYPE)));
	read_cron(cron, &schedule->cron);
	read_zone(zone, &schedule->clock);
	check_intervals(fcinfo);
	if (!PG_ARGISNULL(DATABASES))
		check_databases(PG_GETARG_ARRAYTYPE_P(DATABASES), *type);
	problem = schedule_define(name, cron, zone, interval_seconds(jitter), schedule);
	if (problem != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("schedule \"%s\" would never run", name),
				errdetail("%s", problem),
				errhint("erpgo_backup_next_runs shows when an expression runs."));
}

/*
 * Runs a statement and returns the number of rows that it changed or gave.
 */
static uint64
execute(const char *statement, int nargs, Oid *types, Datum *values,
		const char *nulls)
{
	int			result = SPI_execute_with_args(statement, nargs, types, values,
											   nulls, false, 0);

	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", statement,
			 SPI_result_code_string(result));
	return SPI_processed;
}

/*
 * Notes in the audit who changed a schedule, and to which expression; NULL if
 * to none.
 */
static void
add_audit(const char *action, const char *name, const char *cron)
{
	JobRequest *caller = session_request(JOB_BACKUP);
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(caller->role),
		CStringGetTextDatum(caller->client),
		CStringGetTextDatum(action),
		CStringGetTextDatum(name),
		cron == NULL ? (Datum) 0 : CStringGetTextDatum(cron),
	};

	execute("SELECT erpgo_backup.audit_add($1, nullif($2, ''), $3, $4, 'ok',"
			" NULL, CASE WHEN $5 IS NOT NULL THEN 'cron' END, $5)",
			lengthof(values), types, values, cron == NULL ? "    n" : NULL);
}

/*
 * Stores the row that the arguments make.
 */
static void
store_schedule(FunctionCallInfo fcinfo, const char *type)
{
	Oid			types[COLUMNS] = {TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID,
		TEXTOID, BOOLOID, BOOLOID, INTERVALOID, INTERVALOID};
	Datum		values[COLUMNS];
	char		nulls[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
	{
		values[i] = PG_GETARG_DATUM(i);
		nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
	}
	values[TYPE] = CStringGetTextDatum(type);
	execute("INSERT INTO erpgo_backup.schedule (name, cron, type, databases,"
			" timezone, enabled, catch_up, jitter, maximum_duration)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
			" ON CONFLICT (name) DO UPDATE SET cron = EXCLUDED.cron,"
			" type = EXCLUDED.type, databases = EXCLUDED.databases,"
			" timezone = EXCLUDED.timezone, enabled = EXCLUDED.enabled,"
			" catch_up = EXCLUDED.catch_up, jitter = EXCLUDED.jitter,"
			" maximum_duration = EXCLUDED.maximum_duration",
			COLUMNS, types, values, nulls);
}

/*
 * Creates or changes a schedule; returns its next run, null if it is disabled.
 */
Datum
erpgo_backup_schedule(PG_FUNCTION_ARGS)
{
	int64		now = timestamptz_to_time_t(GetCurrentTimestamp());
	Schedule	schedule;
	const char *type;
	int64_t		next;

	refuse_nulls(fcinfo);
	read_schedule(fcinfo, &schedule, &type);
	session_require_jobs(false);
	SPI_connect();
	store_schedule(fcinfo, type);
	add_audit("schedule", text_to_cstring(PG_GETARG_TEXT_PP(NAME)),
			  text_to_cstring(PG_GETARG_TEXT_PP(CRON)));
	SPI_finish();
	if (!PG_GETARG_BOOL(ENABLED) || !schedule_next(&schedule, now, &next))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(time_t_to_timestamptz(next));
}

/*
 * Removes a schedule, or disables it if it would be there by default; false if
 * there was nothing to do.
 */
Datum
erpgo_backup_unschedule(PG_FUNCTION_ARGS)
{
	Datum		name = PG_GETARG_DATUM(0);
	Oid			type = TEXTOID;
	uint64		changed;

	SPI_connect();
	changed = execute("INSERT INTO erpgo_backup.schedule AS s"
					  " (name, cron, type, enabled)"
					  " SELECT d.name, d.cron, d.type, false"
					  " FROM erpgo_backup.default_schedule AS d WHERE d.name = $1"
					  " ON CONFLICT (name) DO UPDATE SET enabled = false"
					  " WHERE s.enabled", 1, &type, &name, NULL);
	if (changed == 0)
		changed = execute("DELETE FROM erpgo_backup.schedule AS s"
						  " WHERE s.name = $1 AND NOT EXISTS"
						  " (SELECT FROM erpgo_backup.default_schedule AS d"
						  " WHERE d.name = s.name)", 1, &type, &name, NULL);
	if (changed > 0)
		add_audit("unschedule", TextDatumGetCString(name), NULL);
	SPI_finish();
	PG_RETURN_BOOL(changed > 0);
}

/*
 * The next runs of an expression.
 */
Datum
erpgo_backup_next_runs(PG_FUNCTION_ARGS)
{
	TimestampTz after = PG_GETARG_TIMESTAMPTZ(2);
	int32		count = PG_GETARG_INT32(3);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int64_t		run = timestamptz_to_time_t(after);
	Cron		cron;
	Clock		clock;

	read_cron(text_to_cstring(PG_GETARG_TEXT_PP(0)), &cron);
	read_zone(text_to_cstring(PG_GETARG_TEXT_PP(1)), &clock);
	if (count < 1 || count > MAX_RUNS)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("\"count\" must lie between 1 and %d", MAX_RUNS));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 0; i < count && cron_next(&cron, &clock, run, &run); i++)
	{
		Datum		value = TimestampTzGetDatum(time_t_to_timestamptz(run));
		bool		is_null = false;

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, &value,
							 &is_null);
	}
	return (Datum) 0;
}

/*
 * For the view: the next run of a schedule that has none planned yet, and why
 * it cannot run, if so.
 */
Datum
erpgo_backup_schedule_plan(PG_FUNCTION_ARGS)
{
	int64		now = timestamptz_to_time_t(GetCurrentTimestamp());
	Schedule	schedule;
	char	   *problem;
	int64_t		next;
	TupleDesc	tupdesc;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	problem = schedule_define(text_to_cstring(PG_GETARG_TEXT_PP(0)),
							  text_to_cstring(PG_GETARG_TEXT_PP(1)),
							  text_to_cstring(PG_GETARG_TEXT_PP(2)),
							  interval_seconds(PG_GETARG_INTERVAL_P(3)),
							  &schedule);
	if (problem != NULL)
	{
		nulls[1] = false;
		values[1] = CStringGetTextDatum(problem);
	}
	else if (schedule_next(&schedule, now, &next))
	{
		nulls[0] = false;
		values[0] = TimestampTzGetDatum(time_t_to_timestamptz(next));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}

/*
 * For monitoring: the first run of a schedule after a moment, null if it
 * cannot run.
 */
Datum
erpgo_backup_schedule_run_after(PG_FUNCTION_ARGS)
{
	TimestampTz after = PG_GETARG_TIMESTAMPTZ(4);
	Schedule	schedule;
	int64_t		run;

	if (schedule_define(text_to_cstring(PG_GETARG_TEXT_PP(0)),
						text_to_cstring(PG_GETARG_TEXT_PP(1)),
						text_to_cstring(PG_GETARG_TEXT_PP(2)),
						interval_seconds(PG_GETARG_INTERVAL_P(3)),
						&schedule) != NULL ||
		!schedule_next(&schedule, timestamptz_to_time_t(after), &run))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(time_t_to_timestamptz(run));
}

/*
 * For a constraint: is this a cron expression?
 */
Datum
erpgo_backup_cron_is_valid(PG_FUNCTION_ARGS)
{
	Cron		cron;
	const char *problem;

	PG_RETURN_BOOL(cron_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)), &cron,
							  &problem));
}

/*
 * A trigger that makes the scheduler look at a change when it can be seen; not
 * at its own.
 */
Datum
erpgo_backup_wake_scheduler(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "not called by trigger manager");
	if (job_table != NULL && job_table->scheduler_pid != MyProcPid)
		scheduler_wake_at_commit();
	PG_RETURN_POINTER(NULL);
}

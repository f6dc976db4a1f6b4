/*
 * The tables of schedules, as the scheduler reads and writes them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "schedule_table.h"
#include "statement.h"

/*
 * Who holds a lock for longer must not stop everything else.  Less than
 * deadlock_timeout: in a deadlock, it is we who give up.
 */
#define LOCK_TIMEOUT "500ms"

/* All of them, or the one that is named. */
static const char load_query[] =
"SELECT coalesce(s.name, p.name), s.cron, s.type, s.timezone, s.enabled,"
" s.catch_up, extract(epoch FROM s.jitter)::bigint,"
" extract(epoch FROM s.maximum_duration)::integer, s.databases,"
" p.cron = s.cron AND p.timezone = s.timezone,"
" floor(extract(epoch FROM p.next_run))::bigint, p.problem"
" FROM erpgo_backup.schedule_in_force AS s"
" FULL JOIN erpgo_backup.schedule_state AS p ON p.name = s.name"
" WHERE $1 IS NULL OR coalesce(s.name, p.name) = $1"
" ORDER BY p.next_run, 1";

#define DATABASES_COLUMN 9

/* The memory context from which the transaction was begun. */
static MemoryContext outside;

/*
 * Keeps the extension from being dropped in this transaction; false if there
 * is none.  DROP EXTENSION takes this lock first: without it, the two would
 * lock the tables in different orders.
 */
static bool
lock_extension(void)
{
	Oid			extension = get_extension_oid("erpgo_backup", true);

	if (!OidIsValid(extension))
		return false;
	LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
	return get_extension_oid("erpgo_backup", true) == extension;
}

bool
schedule_begin(void)
{
	outside = CurrentMemoryContext;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	(void) set_config_option("lock_timeout", LOCK_TIMEOUT, PGC_SUSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	if (!lock_extension())
	{
		CommitTransactionCommand();
		MemoryContextSwitchTo(outside);
		return false;
	}
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	return true;
}

void
schedule_commit(void)
{
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	MemoryContextSwitchTo(outside);
}

/*
 * A column of a row of the last result, allocated outside of the transaction;
 * NULL if null.
 */
static char *
result_text(int row, int column)
{
	char	   *value = statement_text(row, column);

	return value == NULL ? NULL : MemoryContextStrdup(outside, value);
}

/*
 * Is it true?  Null is not.
 */
static bool
result_bool(int row, int column)
{
	char	   *value = result_text(row, column);

	return value != NULL && value[0] == 't';
}

/*
 * A number; 0 if null.
 */
static int64
result_number(int row, int column, bool *is_given)
{
	char	   *value = result_text(row, column);

	*is_given = value != NULL;
	return value == NULL ? 0 : strtoll(value, NULL, 10);
}

/*
 * The array of databases, allocated outside of the transaction.
 */
static ArrayType *
result_databases(int row)
{
	bool		is_null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, DATABASES_COLUMN,
									  &is_null);
	MemoryContext inside;
	ArrayType  *copy;

	if (is_null)
		return NULL;
	inside = MemoryContextSwitchTo(outside);
	copy = DatumGetArrayTypePCopy(value);
	MemoryContextSwitchTo(inside);
	return copy;
}

/*
 * Takes a schedule out of a row of the result.
 */
static void
read_row(ScheduleRow *schedule, int row)
{
	bool		has_jitter;

	schedule->name = result_text(row, 1);
	schedule->cron = result_text(row, 2);
	schedule->type = result_text(row, 3);
	schedule->timezone = result_text(row, 4);
	schedule->enabled = result_bool(row, 5);
	schedule->catch_up = result_bool(row, 6);
	schedule->jitter = result_number(row, 7, &has_jitter);
	schedule->maximum_duration =
		(int) result_number(row, 8, &schedule->has_maximum_duration);
	schedule->databases = result_databases(row);
	schedule->is_noted = result_bool(row, 10);
	schedule->planned = result_number(row, 11, &schedule->is_planned);
	schedule->problem = result_text(row, 12);
}

ScheduleRow *
schedule_load(int *count)
{
	const char *all = NULL;
	ScheduleRow *rows;

	*count = 0;
	if (!schedule_begin())
		return NULL;
	*count = (int) statement_run(load_query, 1, &all);
	rows = MemoryContextAllocZero(outside, (*count + 1) * sizeof(ScheduleRow));
	for (int i = 0; i < *count; i++)
		read_row(&rows[i], i);
	schedule_commit();
	return rows;
}

ScheduleRow *
schedule_lock(const char *name)
{
	ScheduleRow *row;

	statement_run("SELECT FROM erpgo_backup.schedule_state WHERE name = $1 FOR UPDATE",
				  1, &name);
	if (statement_run(load_query, 1, &name) == 0)
		return NULL;
	row = MemoryContextAllocZero(outside, sizeof(ScheduleRow));
	read_row(row, 0);
	return row;
}

void
schedule_note_plan(const ScheduleRow *row, const int64 *next_run,
				   const char *problem)
{
	const char *args[] = {
		row->name,
		row->cron,
		row->timezone,
		next_run == NULL ? NULL : psprintf(INT64_FORMAT, *next_run),
		problem,
	};

	statement_run("INSERT INTO erpgo_backup.schedule_state AS p"
				  " (name, cron, timezone, next_run, problem)"
				  " VALUES ($1, $2, $3, to_timestamp($4::double precision), $5)"
				  " ON CONFLICT (name) DO UPDATE SET cron = EXCLUDED.cron,"
				  " since = CASE WHEN p.next_run IS NOT NULL AND p.cron = EXCLUDED.cron"
				  " AND p.timezone = EXCLUDED.timezone"
				  " THEN p.since ELSE EXCLUDED.since END,"
				  " timezone = EXCLUDED.timezone, next_run = EXCLUDED.next_run,"
				  " problem = EXCLUDED.problem", lengthof(args), args);
}

void
schedule_note_run(const ScheduleRow *row, const JobRequest *request)
{
	const char *args[] = {
		row->name,
		job_kind_name(request->kind),
		request->id,
	};

	statement_run("UPDATE erpgo_backup.schedule_state"
				  " SET last_run = clock_timestamp(), last_operation = $2,"
				  " last_backup = $3 WHERE name = $1", lengthof(args), args);
}

void
schedule_note_skip(const ScheduleRow *row, const char *reason)
{
	const char *args[] = {row->name, reason};

	statement_run("UPDATE erpgo_backup.schedule_state"
				  " SET last_skip = clock_timestamp(), skip_reason = $2"
				  " WHERE name = $1", lengthof(args), args);
	statement_run("SELECT erpgo_backup.audit_add(NULL, NULL, 'schedule', $1,"
				  " 'skipped', $2, NULL, NULL)", lengthof(args), args);
	ereport(LOG, errmsg("schedule \"%s\" was skipped: %s", row->name, reason));
}

void
schedule_forget(const char *name)
{
	statement_run("DELETE FROM erpgo_backup.schedule_state WHERE name = $1", 1, &name);
}

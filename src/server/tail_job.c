/*
 * Shipping the tail of the WAL.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

#include "settings.h"
#include "time_passed.h"
#include "tail_job.h"

PG_FUNCTION_INFO_V1(erpgo_backup_wal_tail);

#define COLUMNS 3
#define DEFAULT_INTERVAL_S 60

/* Seconds from one piece to the next; 0 is never. */
static int	flush_interval = DEFAULT_INTERVAL_S;

/* Of the scheduler: when it last looked, or began to; 0 if it has not yet. */
static int64 looked_ms = 0;

/* Of a job's worker. */
static WalTailPoint current;

void
tail_job_define_setting(void)
{
	DefineCustomIntVariable("erpgo_backup.wal_flush_interval",
							"Time after which what was written of an unfinished segment of WAL is archived as well.",
							"Only where this extension archives WAL. 0 means never.",
							&flush_interval, DEFAULT_INTERVAL_S, 0, 24 * 60 * 60,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

bool
tail_job_archives_wal(void)
{
	const char *library = GetConfigOption("archive_library", true, false);
	const char *command = GetConfigOption("archive_command", true, false);

	return XLogArchivingActive() &&
		((library != NULL && strcmp(library, "erpgo_backup") == 0) ||
		 (command != NULL && strstr(command, "wal-push") != NULL &&
		  strstr(command, "erpgo_backup") != NULL));
}

int
tail_job_interval(void)
{
	return flush_interval > 0 ? flush_interval : DEFAULT_INTERVAL_S;
}

/*
 * Was anything flushed since the last piece?
 */
static bool
has_more(void)
{
	XLogRecPtr	flushed = GetFlushRecPtr(NULL);
	bool		more;

	LWLockAcquire(job_table->lock, LW_SHARED);
	more = flushed != job_table->tail.lsn;
	LWLockRelease(job_table->lock);
	return more;
}

long
tail_job_run(void)
{
	JobRequest	request = {.kind = JOB_TAIL};
	int64		interval = flush_interval * INT64CONST(1000);
	int64		now = passing_ms();

	if (interval == 0 || !setting_enabled || !tail_job_archives_wal())
		return 0;
	if (looked_ms == 0)
		looked_ms = now;
	if (now - looked_ms < interval)
		return (long) (looked_ms + interval - now);
	looked_ms = now;
	if (has_more() && job_has_room() && !job_kind_active(JOB_TAIL))
		(void) job_request(&request, 0, false);
	return (long) interval;
}

bool
tail_job_archiver_fails(void)
{
	const PgStat_ArchiverStats *archiver = pgstat_fetch_stat_archiver();

	return archiver->last_failed_timestamp > archiver->last_archived_timestamp;
}

const WalTailPoint *
tail_job_begin(void)
{
	current.at = GetCurrentTimestamp();
	current.lsn = GetFlushRecPtr(&current.timeline);
	return &current;
}

void
tail_job_end(bool succeeded, const JobOutcome *outcome)
{
	bool		failed_before;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	failed_before = job_table->tail_failed;
	job_table->tail_failed = !succeeded;
	if (succeeded)
		job_table->tail = current;
	LWLockRelease(job_table->lock);

	if (!succeeded)
		ereport(failed_before ? DEBUG1 : WARNING,
				errcode(outcome->sqlstate),
				errmsg("could not archive the unfinished segment of WAL: %s", outcome->message),
				outcome->detail[0] ? errdetail("%s", outcome->detail) : 0,
				outcome->hint[0] ? errhint("%s", outcome->hint) : 0);
	else if (failed_before)
		ereport(LOG,
				errmsg("the unfinished segment of WAL is archived again"));
}

/*
 * How far the tail was shipped; nulls if none was since the server started.
 */
Datum
erpgo_backup_wal_tail(PG_FUNCTION_ARGS)
{
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {true, true, true};
	TupleDesc	description;
	WalTailPoint tail = {0};

	if (get_call_result_type(fcinfo, NULL, &description) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (job_table != NULL)
	{
		LWLockAcquire(job_table->lock, LW_SHARED);
		tail = job_table->tail;
		LWLockRelease(job_table->lock);
	}
	if (tail.lsn != InvalidXLogRecPtr)
	{
		values[0] = LSNGetDatum(tail.lsn);
		values[1] = Int64GetDatum((int64) tail.timeline);
		values[2] = TimestampTzGetDatum(tail.at);
		memset(nulls, 0, sizeof(nulls));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls)));
}

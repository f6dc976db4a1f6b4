/*
 * What the metrics listener serves: collected here, told to its engine.
 *
 * Some of it changes with the clock alone, so it is collected once a minute
 * even if nothing happens.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "engine_process.h"
#include "engine_protocol.h"
#include "job_slot.h"
#include "listener_snapshot.h"
#include "metrics_listener.h"
#include "schedule_table.h"

#define REFRESH_MS (60 * 1000)

#define NO_EXTENSION "{\"healthy\": false, \"reasons\": \"extension erpgo_backup does not exist\\n\"}"

static bool is_listening = false;
static TimestampTz collected_at;	/* 0 if not for this engine */
static bool told_of_error = false;

/* What the engine is being sent; empty if it was sent whole. */
static char *line = NULL;
static size_t line_len;
static size_t line_sent;

void
metrics_listener_want(void)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	job_table->listener_wanted = true;
	if (job_table->listener_latch != NULL)
		SetLatch(job_table->listener_latch);
	LWLockRelease(job_table->lock);
}

/*
 * Has something changed since this was asked last?
 */
static bool
take_wanted(void)
{
	bool		wanted;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	wanted = job_table->listener_wanted;
	job_table->listener_wanted = false;
	LWLockRelease(job_table->lock);
	return wanted;
}

/*
 * The snapshot as JSON, allocated in a memory context.  Within a transaction.
 */
static char *
query_snapshot(MemoryContext context)
{
	char	   *json = NULL;

	if (SPI_execute("SELECT erpgo_backup.snapshot()", true, 1) == SPI_OK_SELECT &&
		SPI_processed == 1)
		json = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (json == NULL)
		elog(ERROR, "could not collect metrics");
	return MemoryContextStrdup(context,
							   pg_server_to_any(json, strlen(json), PG_UTF8));
}

/*
 * Collects the snapshot: a line for the engine, allocated.
 */
static char *
collect(void)
{
	MemoryContext caller = CurrentMemoryContext;
	const char *json = NO_EXTENSION;
	char	   *message;

	pgstat_report_activity(STATE_RUNNING, "collecting metrics");
	if (schedule_begin())
	{
		json = query_snapshot(caller);
		schedule_commit();
	}
	message = psprintf("{\"snapshot\": %s}\n", json);
	if (strlen(message) > ENGINE_LINE_LIMIT)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("metrics have %zu bytes", strlen(message)));
	return message;
}

/*
 * The same; NULL after an error, of which the log is told: once, if it happens
 * again and again.
 */
static char *
try_collect(void)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *volatile message = NULL;

	PG_TRY();
	{
		message = collect();
		told_of_error = false;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(caller);
		ereport(told_of_error ? DEBUG1 : WARNING,
				errcode(error->sqlerrcode),
				errmsg("could not collect metrics for the listener: %s", error->message));
		FreeErrorData(error);
		told_of_error = true;
	}
	PG_END_TRY();
	pgstat_report_activity(STATE_IDLE, NULL);
	return message;
}

/*
 * How long until the snapshot is to be collected anew, in milliseconds.
 */
static int
time_left(void)
{
	TimestampTz due = TimestampTzPlusMilliseconds(collected_at, REFRESH_MS);

	if (collected_at == 0)
		return 0;
	return Min(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due), REFRESH_MS);
}

/*
 * Collects what is to be sent next.
 */
static void
fill_line(void)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext,
											   "erpgo_backup snapshot",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	char	   *message = try_collect();

	collected_at = GetCurrentTimestamp();
	if (message != NULL)
	{
		line = MemoryContextStrdup(TopMemoryContext, message);
		line_len = strlen(line);
		line_sent = 0;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
}

/*
 * Sends what the engine takes.
 */
static void
send_line(void)
{
	if (line == NULL)
		return;
	line_sent += engine_send(line + line_sent, line_len - line_sent);
	if (line_sent < line_len)
		return;
	pfree(line);
	line = NULL;
}

void
listener_snapshot_reset(void)
{
	is_listening = false;
	collected_at = 0;
	if (line != NULL)
		pfree(line);
	line = NULL;
}

void
listener_snapshot_begin(void)
{
	is_listening = true;
}

int
listener_snapshot_push(bool *has_more)
{
	if (!is_listening)
		return REFRESH_MS;
	if (line == NULL && (take_wanted() || time_left() == 0))
		fill_line();
	send_line();
	*has_more = line != NULL;
	return Max(time_left(), 1);
}

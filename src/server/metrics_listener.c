/*
 * The metrics listener: a background worker whose engine serves metrics over
 * HTTP.
 */
#include "postgres.h"

#include <limits.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "common/retry.h"
#include "engine_process.h"
#include "engine_run.h"
#include "job_description.h"
#include "listener_settings.h"
#include "listener_snapshot.h"
#include "metrics_listener.h"
#include "worker_session.h"

/* From one start of the worker to the next. */
#define RESTART_MS (5 * 1000)
/* Between attempts to get a worker. */
#define NO_WORKER_MS (60 * 1000)
/* Between starts of an engine that ends by itself, from and to. */
#define FIRST_DELAY_MS 1000
#define LONGEST_DELAY_MS (60 * 1000)

/* As the scheduler knows it. */
static BackgroundWorkerHandle *handle = NULL;
static TimestampTz next_start = 0;
static bool told_of_no_worker = false;

/* As the worker itself does. */
static int	failures = 0;		/* in a row */
static TimestampTz serving_since = 0;	/* 0 if the engine does not */

/*
 * Is there a worker, or will there be one?
 */
static bool
worker_is_there(void)
{
	bool		is_there;
	pid_t		pid;

	LWLockAcquire(job_table->lock, LW_SHARED);
	is_there = job_table->listener_pid != 0;
	LWLockRelease(job_table->lock);
	return is_there ||
		(handle != NULL && GetBackgroundWorkerPid(handle, &pid) != BGWH_STOPPED);
}

/*
 * Asks the postmaster for a worker; false if there is no place for one.
 */
static bool
register_worker(void)
{
	BackgroundWorker worker = {0};
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	bool		registered;

	strlcpy(worker.bgw_name, "erpgo_backup metrics listener", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "erpgo_backup metrics listener", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "erpgo_backup",
			sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "erpgo_backup_listener_main", BGW_MAXLEN);
	worker.bgw_notify_pid = MyProcPid;
	if (handle != NULL)
		pfree(handle);
	handle = NULL;
	registered = RegisterDynamicBackgroundWorker(&worker, &handle);
	MemoryContextSwitchTo(caller);
	return registered;
}

long
metrics_listener_tend(void)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		registered;

	if (setting_metrics_listen[0] == '\0')
	{
		next_start = 0;
		return 0;
	}
	if (worker_is_there())
		return 0;
	if (now < next_start)
		return Max(TimestampDifferenceMilliseconds(now, next_start), 1);

	registered = register_worker();
	if (!registered)
		ereport(told_of_no_worker ? DEBUG1 : WARNING,
				errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				errmsg("could not start a worker for the metrics listener"),
				errhint("You may need to increase max_worker_processes."));
	told_of_no_worker = !registered;
	next_start = TimestampTzPlusMilliseconds(now, registered ? RESTART_MS : NO_WORKER_MS);
	return registered ? 0 : NO_WORKER_MS;
}

/*
 * Nobody can wake a listener that has ended, and another may take its place.
 */
static void
leave_at_exit(int code, Datum arg)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	job_table->listener_pid = 0;
	job_table->listener_latch = NULL;
	LWLockRelease(job_table->lock);
	scheduler_wake();
}

/*
 * Becomes the one listener; does not return if there is one, which a scheduler
 * that ended meanwhile has started.
 */
static void
take_place(void)
{
	bool		is_taken;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	is_taken = job_table->listener_pid != 0;
	if (!is_taken)
	{
		job_table->listener_pid = MyProcPid;
		job_table->listener_latch = MyLatch;
	}
	LWLockRelease(job_table->lock);
	if (is_taken)
		proc_exit(0);
	before_shmem_exit(leave_at_exit, (Datum) 0);
}

/*
 * Takes what the engine has to say but its end.
 */
static void
take_message(const EngineMessage *message)
{
	char	   *phase;

	if (message->kind != MESSAGE_PROGRESS)
		return;
	phase = message_text(message, "phase");
	if (phase == NULL || strcmp(phase, "listening") != 0)
		return;
	serving_since = GetCurrentTimestamp();
	listener_snapshot_begin();
	ereport(LOG,
			errmsg("metrics are served on \"%s\"", setting_metrics_listen));
}

/*
 * Does what is to be done while the engine serves.  A change of settings ends
 * it: the next one reads them, the secrets and the certificate anew.
 */
static void
take_turn(EngineRun *run)
{
	run->is_unwanted = ConfigReloadPending;
	if (!run->is_unwanted)
		run->wait_ms = listener_snapshot_push(&run->has_more);
}

/*
 * Counts the end of an engine as a failure, of which there are several in a
 * row as long as none has served for a while.
 */
static void
count_failure(void)
{
	if (serving_since != 0 &&
		TimestampDifferenceExceeds(serving_since, GetCurrentTimestamp(), LONGEST_DELAY_MS))
		failures = 0;
	failures++;
}

/*
 * Tells the server's log why nothing is served: once, if that happens again
 * and again.
 */
static void
log_failure(const JobOutcome *outcome)
{
	ereport(failures > 1 ? DEBUG1 : WARNING,
			errcode(outcome->sqlstate),
			errmsg("metrics listener stopped: %s", outcome->message),
			outcome->detail[0] ? errdetail("%s", outcome->detail) : 0,
			outcome->hint[0] ? errhint("%s", outcome->hint) : 0);
}

/*
 * Waits some time, or until the settings have changed.
 */
static void
wait_for_settings(int64 milliseconds)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
												  milliseconds);
	long		left;

	while (!ConfigReloadPending &&
		   (left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end)) > 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 left, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Waits before the next attempt, longer each time.
 */
static void
wait_after_failure(void)
{
	RetryPolicy policy = {
		.max_retries = INT_MAX,
		.first_delay_ms = FIRST_DELAY_MS,
		.longest_delay_ms = LONGEST_DELAY_MS,
	};
	int64		delay_ms;

	if (retry_decide(&policy, failures, true,
					 pg_prng_uint32(&pg_global_prng_state), &delay_ms))
		wait_for_settings(delay_ms);
}

/*
 * Has the engine serve until it ends.  False if this process is to end, too.
 */
static bool
serve(void)
{
	EngineRun	run = {.on_message = take_message, .on_turn = take_turn};

	listener_snapshot_reset();
	serving_since = 0;
	engine_run(&run, listen_description());
	if (worker_is_to_end() ||
		(run.stop != ENGINE_NOT_STOPPED && !ConfigReloadPending))
		return false;
	if (run.stop != ENGINE_NOT_STOPPED)
		return true;
	count_failure();
	log_failure(&run.outcome);
	wait_after_failure();
	return true;
}

/*
 * Reads the settings again if they have changed.
 */
static void
take_settings(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	failures = 0;
}

void
erpgo_backup_listener_main(Datum unused)
{
	MemoryContext context;

	engine_run_init();
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	take_place();
	worker_session_start("erpgo_backup metrics listener");
	engine_process_init();

	context = AllocSetContextCreate(TopMemoryContext,
									"erpgo_backup metrics listener",
									ALLOCSET_DEFAULT_SIZES);
	pgstat_report_activity(STATE_IDLE, NULL);
	while (setting_metrics_listen[0] != '\0')
	{
		MemoryContextSwitchTo(context);
		MemoryContextReset(context);
		if (!serve())
			break;
		take_settings();
	}
	proc_exit(0);
}

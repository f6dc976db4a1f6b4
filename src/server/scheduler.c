/*
 * The scheduler: starts jobs on request and on schedule, and repairs what was
 * interrupted.
 *
 * It sleeps on its latch until the next run is due.  It is woken by whoever
 * asks for a job, by the end of one, and when a schedule is changed or the
 * extension is created or dropped.  It ends only with exit code 1: after 0
 * the server would never start it again.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "alert_run.h"
#include "audit_table.h"
#include "copy_run.h"
#include "history.h"
#include "job.h"
#include "job_slot.h"
#include "metrics_file.h"
#include "metrics_listener.h"
#include "schedule_run.h"
#include "scheduler.h"
#include "settings.h"
#include "tail_job.h"
#include "wal_follow.h"
#include "worker_session.h"

#define RESTART_S 5
/* Between looks for a database that is missing. */
#define MISSING_DATABASE_MS (60 * 1000)
/* Between looks whether a standby was promoted: nothing tells us. */
#define STANDBY_MS (5 * 1000)

/* The worker of each slot, as far as this process started it. */
static BackgroundWorkerHandle *handles[JOB_SLOTS];
static uint64 handle_numbers[JOB_SLOTS];

/* The extension as it was last seen. */
static Oid	known_extension = InvalidOid;

/*
 * Waits until it is woken, open to interrupts and reloads; 0 is without limit.
 * The latch alone does not tell: waiting for a lock meanwhile resets it.
 */
static void
wait_for_latch(long milliseconds)
{
	int			events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;

	if (milliseconds > 0)
		events |= WL_TIMEOUT;
	if (!job_mark_take(&job_table->scheduler_wanted) && !ConfigReloadPending)
	{
		(void) WaitLatch(MyLatch, events, milliseconds, PG_WAIT_EXTENSION);
		(void) job_mark_take(&job_table->scheduler_wanted);
	}
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
		metrics_file_want();
		alerts_want();
		copies_want_again();
		wal_follow_want_again();
	}
}

/*
 * Is there a database of that name?
 */
static bool
database_exists(const char *name)
{
	bool		exists;

	StartTransactionCommand();
	exists = OidIsValid(get_database_oid(name, true));
	CommitTransactionCommand();
	return exists;
}

/*
 * Notes in shared memory whether a connection is being attempted.
 */
static void
set_connecting(bool connecting)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	job_table->scheduler_connecting = connecting;
	LWLockRelease(job_table->lock);
}

/*
 * Nobody can wake a scheduler that has ended.
 */
static void
leave_at_exit(int code, Datum arg)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	job_table->scheduler_pid = 0;
	job_table->scheduler_latch = NULL;
	LWLockRelease(job_table->lock);
}

/*
 * From now on scheduler_wake reaches this process.
 */
static void
become_reachable(void)
{
	before_shmem_exit(leave_at_exit, (Datum) 0);
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	job_table->scheduler_latch = MyLatch;
	LWLockRelease(job_table->lock);
}

/*
 * Waits, connected to no database, until it makes sense to try again.  Does
 * not return: a process connects once.
 */
static void
await_database(void)
{
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	become_reachable();
	ereport(WARNING,
			errmsg("erpgo_backup could not connect to database \"%s\"",
				   setting_database),
			errhint("Create the database, or change the setting erpgo_backup.database."));
	do
		wait_for_latch(MISSING_DATABASE_MS);
	while (!database_exists(setting_database));
	set_connecting(false);
	proc_exit(1);
}

/*
 * Connects to the database.  Where it is missing, that ends this process; the
 * mark tells the next one not to try at once, which would flood the log.
 */
static void
connect_or_await(void)
{
	if (job_table->scheduler_connecting)
		await_database();
	set_connecting(true);
	worker_session_start("erpgo_backup scheduler");
	set_connecting(false);
}

/*
 * Becomes the process that requests go to.  What a scheduler before this one
 * has begun to start is started anew, under another number, so that a worker
 * that comes late does not take it.
 */
static void
take_office(void)
{
	become_reachable();
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	job_table->scheduler_pid = MyProcPid;
	job_table->repair_wanted = true;
	job_table->metrics_wanted = true;
	job_table->alerts_wanted = true;
	job_table->copies_wanted = true;
	for (int i = 0; i < JOB_SLOTS; i++)
	{
		JobSlot    *slot = &job_table->slots[i];

		if (slot->state == JOB_STARTING)
		{
			slot->state = JOB_REQUESTED;
			slot->number = ++job_table->last_number;
		}
	}
	LWLockRelease(job_table->lock);
}

/*
 * Ends a job that got no worker, and tells history so: nobody else would.
 */
static void
give_up(JobSlot *slot, const char *hint)
{
	JobOutcome	outcome = {0};
	JobEnd		end = {
		.status = JOB_END_FAILED,
		.outcome = &outcome,
		.phase = "",
	};

	job_outcome_error(&outcome, ERRCODE_INSUFFICIENT_RESOURCES,
					  psprintf("could not start a worker for %s",
							   job_title(&slot->request)), NULL, hint);
	ereport(WARNING,
			errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			errmsg_internal("%s", outcome.message),
			errhint("%s", hint));
	if (OidIsValid(known_extension))
	{
		history_begin(&slot->request);
		history_end(&slot->request, &end);
	}
	job_finish(slot, &outcome);
	alerts_want();
	copies_want();
	scheduler_wake();
}

/*
 * Starts a worker for the job in a slot.
 */
static void
start_worker(int index)
{
	JobSlot    *slot = &job_table->slots[index];
	MemoryContext caller;
	BackgroundWorker worker;
	bool		registered;

	/* Before it is registered: the worker may be quicker than we are. */
	if (!job_start(slot))
		return;

	job_worker_describe(&worker, slot);
	if (handles[index] != NULL)
		pfree(handles[index]);
	handles[index] = NULL;
	handle_numbers[index] = slot->number;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	registered = RegisterDynamicBackgroundWorker(&worker, &handles[index]);
	MemoryContextSwitchTo(caller);
	if (!registered)
		give_up(slot, "You may need to increase max_worker_processes.");
}

/*
 * Has the worker of this slot ended before it took its job?
 */
static bool
worker_never_came(int index)
{
	pid_t		pid;

	return handles[index] != NULL &&
		handle_numbers[index] == job_table->slots[index].number &&
		GetBackgroundWorkerPid(handles[index], &pid) == BGWH_STOPPED;
}

/*
 * The state of a slot; only this process makes a job leave those before
 * running, but for the worker that takes it.
 */
static JobState
slot_state(int index)
{
	JobState	state;

	LWLockAcquire(job_table->lock, LW_SHARED);
	state = job_table->slots[index].state;
	LWLockRelease(job_table->lock);
	return state;
}

/*
 * Starts what was asked for.
 */
static void
start_requested_jobs(void)
{
	for (int i = 0; i < JOB_SLOTS; i++)
	{
		if (slot_state(i) == JOB_REQUESTED)
			start_worker(i);
		else if (slot_state(i) == JOB_STARTING && worker_never_came(i) &&
				 slot_state(i) == JOB_STARTING)
			give_up(&job_table->slots[i], "The server's log may tell more.");
	}
}

/*
 * Asks for the removal of what unfinished backups left, if there is any.  A
 * server that is not enabled must not touch the repository: it may be a copy
 * of the one that does.
 */
static void
request_recovery(void)
{
	JobRequest	request = {.kind = JOB_RECOVER};
	int			count;

	(void) history_leftovers(&count);
	if (count > 0 && setting_enabled && !job_kind_active(JOB_RECOVER))
		(void) job_request(&request, 0, false);
}

/*
 * Finds rows that say "running" without a job that does, and repairs them.
 * The rows are read first: a job that ends meanwhile has changed its row, and
 * no job begins but through this process.
 */
static void
repair_history(void)
{
	int			count;
	char	  **ids = history_unfinished(&count);

	for (int i = 0; i < count; i++)
	{
		if (job_find(ids[i], false) == NULL)
			history_interrupted(ids[i]);
	}
	copies_repair();
	request_recovery();
}

/*
 * Looks whether the extension exists.
 */
static void
look_for_extension(void)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			known_before = known_extension;

	StartTransactionCommand();
	known_extension = get_extension_oid("erpgo_backup", true);
	CommitTransactionCommand();
	MemoryContextSwitchTo(caller);
	if (known_extension != known_before)
		metrics_listener_want();
}

/*
 * The shorter of two times; 0 is for ever.
 */
static long
sooner(long a, long b)
{
	if (a == 0 || b == 0)
		return Max(a, b);
	return Min(a, b);
}

/*
 * Does what is to be done now.  Returns after how many milliseconds there is
 * more to do; 0 if only a latch will tell.
 */
static long
work(void)
{
	long		rest;

	look_for_extension();
	if (OidIsValid(known_extension) && job_mark_take(&job_table->repair_wanted))
		repair_history();
	rest = sooner(job_request_retries(), metrics_listener_tend());
	if (OidIsValid(known_extension))
	{
		rest = sooner(rest, alerts_run());
		rest = sooner(rest, tail_job_run());
		rest = sooner(rest, wal_follow_run());
		rest = sooner(rest, copies_run());
		audit_forget_if_due();
		metrics_file_request();
		rest = sooner(rest, schedules_run_due());
	}
	start_requested_jobs();
	return rest;
}

void
scheduler_register(void)
{
	BackgroundWorker worker;

	worker_describe(&worker, "erpgo_backup scheduler",
					"erpgo_backup_scheduler_main");
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = RESTART_S;
	RegisterBackgroundWorker(&worker);
}

void
erpgo_backup_scheduler_main(Datum unused)
{
	MemoryContext work_context;
	long		rest;

	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	connect_or_await();
	while (RecoveryInProgress())
		wait_for_latch(STANDBY_MS);
	take_office();

	work_context = AllocSetContextCreate(TopMemoryContext,
										 "erpgo_backup scheduler",
										 ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		MemoryContextSwitchTo(work_context);
		MemoryContextReset(work_context);
		rest = work();
		pgstat_report_activity(STATE_IDLE, NULL);
		wait_for_latch(rest);
	}
}

/*
 * The job worker: records a job, has the engine do it, records how it ended.
 *
 * It is the only one that writes the rows of its job.  What it cannot write
 * any more, because it is killed, the scheduler deduces from rows that say
 * "running" without a worker.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/retry.h"
#include "alert_job.h"
#include "alert_run.h"
#include "cleanup_job.h"
#include "copy_run.h"
#include "engine_process.h"
#include "engine_run.h"
#include "history.h"
#include "job.h"
#include "job_description.h"
#include "leftovers.h"
#include "location.h"
#include "metrics_file.h"
#include "missing.h"
#include "owner_renewal.h"
#include "physical.h"
#include "repository_state.h"
#include "settings.h"
#include "verification.h"
#include "tail_job.h"
#include "wal_follow.h"
#include "worker_session.h"

/* The job of this worker. */
static JobSlot *slot = NULL;
static MemoryContext job_context = NULL;
static bool recorded = false;

/* What the engine said of the new backup, or NULL. */
static char *backup_json = NULL;

/* What it said when it had made a copy, or NULL. */
static char *result_json = NULL;

/* How many backups the engine described. */
static int	backups_described = 0;

/*
 * Ends the job for everybody who watches it.
 */
static void
finish(const JobOutcome *outcome)
{
	JobSlot    *finished = slot;

	if (!recorded)
		job_want_repair();
	slot = NULL;
	if (copies_depend_on(finished->request.kind))
		copies_want();
	if (!job_is_frequent(finished->request.kind))
	{
		metrics_file_want();
		alerts_want();
	}
	job_finish(finished, outcome);
	scheduler_wake();
}

/*
 * Leaves the job to another worker, after a while.
 */
static void
hand_back(int64 delay_ms)
{
	JobSlot    *waiting = slot;

	ereport(LOG,
			errmsg("%s is tried again in %d seconds", job_title(&slot->request),
				   (int) ((delay_ms + 999) / 1000)));
	slot = NULL;
	metrics_file_want();
	job_retry_later(waiting, delay_ms);
	scheduler_wake();
}

/*
 * Whatever ends this worker: the job is over, and the scheduler learns if it
 * must tell history so.
 */
static void
end_at_exit(int code, Datum arg)
{
	JobOutcome	outcome = {0};

	if (slot == NULL)
		return;
	job_outcome_error(&outcome, ERRCODE_ADMIN_SHUTDOWN,
					  psprintf("%s was interrupted: its worker ended",
							   job_title(&slot->request)),
					  NULL, NULL);
	finish(&outcome);
}

/*
 * Shows in pg_stat_activity what the job is doing.
 */
static void
show_activity(const char *phase, const char *database)
{
	char	   *title = job_title(&slot->request);

	if (phase[0] != '\0')
		title = psprintf("%s: %s %s", title, phase, database);
	pgstat_report_activity(STATE_RUNNING, title);
}

/*
 * Takes over the engine's progress.
 */
static void
take_progress(const EngineMessage *message)
{
	JobProgress progress = {0};

	clip_text(progress.phase, sizeof(progress.phase),
			  message_text(message, "phase"));
	clip_text(progress.database, sizeof(progress.database),
			  message_text(message, "database"));
	progress.bytes_done = Max(message_int64(message, "bytes_done"), 0);
	progress.bytes_expected = Max(message_int64(message, "bytes_expected"), 0);
	show_activity(progress.phase, progress.database);
	if (job_progress(slot, &progress) &&
		slot->request.kind == JOB_BACKUP &&
		strcmp(progress.phase, "verifying") == 0)
		history_verifying(slot->request.id);
}

/*
 * Passes what the engine has to say on to the server's log, and warnings to
 * the session that waits.
 */
static void
take_log(const EngineMessage *message)
{
	if (message_report(message) == WARNING && !job_answers_in_rows(&slot->request))
		job_add_line(slot, message_json(message));
}

/*
 * Takes over what the engine says of a backup.  That of a new one is kept
 * until the engine has ended well.
 */
static void
take_backup(const EngineMessage *message)
{
	char	   *id = message_text(message, "id");

	if (id == NULL || !backup_id_parse(id, NULL, NULL) ||
		(slot->request.kind == JOB_BACKUP &&
		 strcmp(id, slot->request.id) != 0))
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine described a backup that nobody asked for"));
	if (slot->request.kind == JOB_BACKUP)
		backup_json = MemoryContextStrdup(job_context, message_json(message));
	else
		history_take_backup(message_json(message));
}

/*
 * Takes a message of the engine.
 */
static void
take_message(const EngineMessage *message)
{
	switch (message->kind)
	{
		case MESSAGE_PROGRESS:
			take_progress(message);
			break;
		case MESSAGE_LOG:
			take_log(message);
			break;
		case MESSAGE_BACKUP:
			if (slot->request.target[0] == '\0')
				take_backup(message);
			backups_described++;
			break;
		case MESSAGE_REPOSITORY:
			/* The tables know the first one. */
			if (slot->request.target[0] == '\0')
				repository_state_take(message);
			break;
		case MESSAGE_REQUEST:
			physical_take_request(&slot->request, message);
			break;
		case MESSAGE_ROW:
		case MESSAGE_DELETED:
			if (job_answers_in_rows(&slot->request))
				job_add_line(slot, message_json(message));
			else if (job_is_delivery(&slot->request))
				alert_job_take_row(message);
			else if (slot->request.kind == JOB_MEASURE)
				owner_renewal_take_row(message);
			else
				cleanup_take_message(&slot->request, message);
			break;
		case MESSAGE_RESULT:
			if (slot->request.kind == JOB_COPY)
				result_json = MemoryContextStrdup(job_context, message_json(message));
			else if (slot->request.kind == JOB_EXPIRE)
				cleanup_take_result(&slot->request, message);
			break;
		case MESSAGE_ERROR:
		case MESSAGE_UNKNOWN:
			break;
	}
}

/*
 * Has the engine do a job; run says how it ended.
 */
static void
do_with_engine(EngineRun *run, const JobRequest *request)
{
	backups_described = 0;
	run->slot = slot;
	run->time_limit = job_time_limit(request);
	run->on_message = take_message;
	engine_run(run, job_description(request));
	run->outcome.count = backups_described;
}

/*
 * Removes what unfinished backups left.  One that turns out to be finished is
 * taken into the catalog as what it is.
 */
static void
recover(EngineRun *run)
{
	JobRequest	sync = {.kind = JOB_SYNC};
	bool		any_published = leftovers_remove_all(slot, take_message);

	run->succeeded = true;
	if (any_published && !worker_is_to_end())
		do_with_engine(run, &sync);
}

/*
 * Does the job.
 */
static void
do_job(EngineRun *run, bool *begun)
{
	TimestampTz started_at = GetCurrentTimestamp();

	history_begin(&slot->request);
	*begun = true;
	if (slot->request.kind == JOB_METRICS)
		metrics_file_require_outside();
	else if (slot->request.kind != JOB_NOTIFY)
		location_require_outside();
	if (slot->request.kind == JOB_RECOVER)
	{
		recover(run);
		return;
	}
	do_with_engine(run, &slot->request);
	if (slot->request.kind == JOB_SYNC && run->succeeded)
		missing_report(slot, started_at);
	if (run->succeeded)
		cleanup_store_decisions(slot);
	if (slot->request.kind == JOB_BACKUP && run->succeeded &&
		backup_json == NULL)
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine did not describe the backup that it made"));
}

/*
 * Does the job; an error becomes its outcome.
 */
static void
try_job(EngineRun *run, bool *begun)
{
	PG_TRY();
	{
		do_job(run, begun);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(job_context);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(job_context);
		run->succeeded = false;
		job_outcome_error(&run->outcome, error->sqlerrcode, error->message,
						  error->detail, error->hint);
	}
	PG_END_TRY();
}

/*
 * The word for how a run ended.
 */
static const char *
run_status(const EngineRun *run)
{
	if (run->succeeded)
		return JOB_END_OK;
	if (run->stop == ENGINE_CANCELLED)
		return JOB_END_CANCELLED;
	return run->stop == ENGINE_INTERRUPTED ? JOB_END_INTERRUPTED : JOB_END_FAILED;
}

/*
 * May a backup that was not made have left something?
 */
static bool
may_have_left_something(const EngineRun *run)
{
	return slot->request.kind == JOB_BACKUP && !run->succeeded &&
		engine_was_started() && !run->cleaned_up;
}

/*
 * Is the backup to be tried again, and in how many milliseconds?  An engine
 * that ended without a word is no reason to think that it will do so again.
 */
static bool
is_to_be_retried(const EngineRun *run, int64 *delay_ms)
{
	RetryPolicy policy = {
		.max_retries = setting_max_retries,
		.first_delay_ms = setting_retry_delay,
		.longest_delay_ms = RETRY_LONGEST_DELAY_MS,
	};

	return slot->request.kind == JOB_BACKUP && !run->succeeded &&
		run->stop == ENGINE_NOT_STOPPED && setting_enabled &&
		retry_decide(&policy, slot->request.attempt, run->transient,
					 pg_prng_uint32(&pg_global_prng_state), delay_ms);
}

/*
 * Removes what the backup may have left; false if something is still there.
 * The engine does nothing for a job that was cancelled.
 */
static bool
clean_up(void)
{
	bool		is_published;

	return !worker_is_to_end() && !job_is_cancelled(slot) &&
		leftovers_remove(slot, take_message, slot->request.id, &is_published);
}

/*
 * Tells the server's log how the job ended.
 */
static void
log_end(const JobEnd *end)
{
	const JobOutcome *outcome = end->outcome;
	char	   *title = job_title(&slot->request);
	JobKind		kind = slot->request.kind;
	bool		is_large = kind == JOB_BACKUP || kind == JOB_VERIFY || kind == JOB_COPY;

	if (kind == JOB_METRICS)
		metrics_file_log_end(outcome);
	else if (kind == JOB_TAIL)
		tail_job_end(strcmp(end->status, JOB_END_OK) == 0, outcome);
	else if (kind == JOB_COPY_WAL)
		wal_follow_end(slot->request.target, outcome);
	else if (strcmp(end->status, JOB_END_OK) == 0)
		ereport(is_large ? LOG : DEBUG1, errmsg("%s finished", title));
	else if (strcmp(end->status, JOB_END_FAILED) != 0)
		ereport(LOG, errmsg_internal("%s", outcome->message));
	else
		/* Of a look at the repository that fails, an alert tells. */
		ereport(kind == JOB_MEASURE ? DEBUG1 : WARNING,
				errcode(outcome->sqlstate),
				errmsg("%s failed: %s", title, outcome->message),
				outcome->detail[0] ? errdetail("%s", outcome->detail) : 0,
				outcome->hint[0] ? errhint("%s", outcome->hint) : 0);
}

/*
 * Records how the job ended, and asks for another try to clean up where one
 * is needed.  True if the backup is to be tried again after *delay_ms: only
 * where nothing is in the way of that.
 */
static bool
record_end(const EngineRun *run, int64 *delay_ms)
{
	JobEnd		end = {
		.status = run_status(run),
		.outcome = &run->outcome,
		.phase = slot->progress.phase,
		.bytes = slot->progress.bytes_done,
		.damaged = run->damaged,
		.backup_json = backup_json,
		.result_json = result_json,
	};
	bool		left = may_have_left_something(run);

	end.is_retried = is_to_be_retried(run, delay_ms) && (!left || clean_up());
	end.leftovers = left && !end.is_retried;
	history_end(&slot->request, &end);
	if (slot->cancelled_by[0] != '\0')
		history_cancelled(&slot->request, slot->cancelled_by);
	recorded = true;
	log_end(&end);
	alert_job_end(&slot->request, &end);
	if (end.leftovers && !clean_up())
		job_want_repair();
	if (run->succeeded)
		cleanup_request_after(&slot->request);
	if (!job_is_cancelled(slot))
		verification_continue(&slot->request, run);
	return end.is_retried;
}

/*
 * Takes the job that this worker was started for; does not return if that is
 * not waiting any more.
 */
static void
take_job(int index)
{
	uint64		number;
	JobSlot    *wanted = &job_table->slots[index];

	memcpy(&number, MyBgworkerEntry->bgw_extra, sizeof(number));
	if (!job_take(wanted, number))
		proc_exit(0);
	slot = wanted;
	before_shmem_exit(end_at_exit, (Datum) 0);
}

void
job_worker_describe(BackgroundWorker *worker, const JobSlot *for_slot)
{
	worker_describe(worker, "erpgo_backup job", "erpgo_backup_job_main");
	snprintf(worker->bgw_name, BGW_MAXLEN, "erpgo_backup job: %s",
			 job_title(&for_slot->request));
	worker->bgw_main_arg = Int32GetDatum((int32) (for_slot - job_table->slots));
	memcpy(worker->bgw_extra, &for_slot->number, sizeof(for_slot->number));
	worker->bgw_notify_pid = MyProcPid;
}

void
erpgo_backup_job_main(Datum slot_index)
{
	EngineRun	run = {0};
	int64		delay_ms = 0;
	bool		begun = false;
	char	   *name;

	engine_run_init();
	BackgroundWorkerUnblockSignals();
	take_job(DatumGetInt32(slot_index));

	job_context = AllocSetContextCreate(TopMemoryContext, "erpgo_backup job",
										ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(job_context);
	name = slot->request.id[0] != '\0' ? slot->request.id :
		pstrdup(job_kind_name(slot->request.kind));
	worker_session_start(psprintf("erpgo_backup %s", name));
	MemoryContextSwitchTo(job_context);
	engine_process_init();

	ereport(slot->request.kind == JOB_BACKUP ? LOG : DEBUG1,
			errmsg("%s started", job_title(&slot->request)));
	show_activity("", "");
	try_job(&run, &begun);
	run.outcome.finished_at = GetCurrentTimestamp();
	recorded = !begun;
	if (begun && record_end(&run, &delay_ms))
		hand_back(delay_ms);
	else
		finish(&run.outcome);

	engine_await_end();
	proc_exit(0);
}

/*
 * Jobs in shared memory.
 */
#include "postgres.h"

#include <time.h>

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "job_slot.h"
#include "metrics_listener.h"
#include "time_passed.h"

/* A scheduler that has not looked at a request for so long ends by errors. */
#define STALE_REQUEST_MS 30000

/*
 * The active job that rules out the one asked for; NULL if there is none.
 */
static JobSlot *
find_conflict(const JobRequest *request)
{
	for (int i = 0; i < JOB_SLOTS; i++)
	{
		JobSlot    *slot = &job_table->slots[i];

		if (job_slot_is_active(slot) &&
			job_requests_conflict(&slot->request, request))
			return slot;
	}
	return NULL;
}

/*
 * Throws an error if a job that is active rules out the one asked for.
 */
static void
refuse_conflict(const JobRequest *request)
{
	const JobSlot *slot = find_conflict(request);

	if (slot == NULL)
		return;
	if (request->kind == JOB_BACKUP)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_IN_USE),
				errmsg("backup \"%s\" of the same type is running already",
					   slot->request.id),
				errhint("Wait for it with erpgo_backup_wait, or stop it with erpgo_backup_cancel."));
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_IN_USE),
			errmsg("%s is running already", job_title(&slot->request)),
			errhint("Wait until it has ended."));
}

/*
 * A slot that can be used for a request; an error if there is none.
 */
static JobSlot *
find_free_slot(const JobRequest *request)
{
	bool		is_delivery = job_is_delivery(request);
	int			first = is_delivery ? JOB_COMMON_SLOTS : 0;
	int			end = is_delivery ? JOB_SLOTS : JOB_COMMON_SLOTS;

	for (int i = first; i < end; i++)
	{
		if (job_table->slots[i].state == JOB_FREE)
			return &job_table->slots[i];
	}
	ereport(ERROR,
			errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			errmsg("cannot start another job: %d are active already",
				   end - first),
			errhint("Wait until one of them has ended."));
}

/*
 * Gives a backup the first identifier that nobody had.
 */
static void
allot_id(JobRequest *request, int64 newer_than)
{
	int64		at = Max((int64) time(NULL), newer_than + 1);

	at = Max(at, job_table->last_backup_time + 1);
	job_table->last_backup_time = at;
	backup_id_make(request->id, at, request->type);
}

/*
 * Lets the slot be used again if nobody needs it; the lock is held.
 */
static void
free_if_unneeded(JobSlot *slot)
{
	if (slot->state == JOB_FINISHED && slot->waiters == 0)
		slot->state = JOB_FREE;
}

/*
 * Ends requests that the scheduler should have looked at long ago, so that
 * nobody waits for ever; the lock is held.
 */
static void
end_stale_requests(void)
{
	for (int i = 0; i < JOB_SLOTS; i++)
	{
		JobSlot    *slot = &job_table->slots[i];

		if (slot->state != JOB_REQUESTED ||
			!has_passed(slot->requested_ms, STALE_REQUEST_MS))
			continue;
		job_outcome_error(&slot->outcome, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
						  psprintf("erpgo_backup's scheduler did not start %s",
								   job_title(&slot->request)),
						  NULL, "The server's log tells why.");
		slot->state = JOB_FINISHED;
		free_if_unneeded(slot);
	}
}

/*
 * Fills a slot with a request; the lock is held.
 */
static JobSlot *
fill_slot(JobRequest *request, int64 newer_than, bool wait)
{
	JobSlot    *slot = find_free_slot(request);

	if (request->kind == JOB_BACKUP)
		allot_id(request, newer_than);
	slot->number = ++job_table->last_number;
	slot->request = *request;
	slot->request.attempt = 1;
	slot->waiters = wait ? 1 : 0;
	slot->cancel = false;
	slot->cancelled_by[0] = '\0';
	slot->started_at = GetCurrentTimestamp();
	slot->requested_ms = passing_ms();
	memset(&slot->progress, 0, sizeof(slot->progress));
	memset(&slot->outcome, 0, sizeof(slot->outcome));
	slot->payload_len = 0;
	slot->payload[0] = '\0';
	slot->state = JOB_REQUESTED;
	return slot;
}

JobSlot *
job_request(JobRequest *request, int64 newer_than, bool wait)
{
	JobSlot    *slot;

	/* An error releases the lock. */
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	end_stale_requests();
	refuse_conflict(request);
	slot = fill_slot(request, newer_than, wait);
	LWLockRelease(job_table->lock);

	scheduler_wake();
	return slot;
}

JobSlot *
job_request_or_join(JobRequest *request, bool *joined)
{
	JobSlot    *slot;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	end_stale_requests();
	slot = find_conflict(request);
	*joined = slot != NULL;
	if (*joined)
		slot->waiters++;
	else
		slot = fill_slot(request, 0, true);
	LWLockRelease(job_table->lock);

	scheduler_wake();
	return slot;
}

JobSlot *
job_find(const char *id, bool wait)
{
	JobSlot    *found = NULL;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	for (int i = 0; i < JOB_SLOTS && found == NULL; i++)
	{
		JobSlot    *slot = &job_table->slots[i];

		if (job_slot_is_active(slot) && slot->request.kind != JOB_COPY &&
			strcmp(slot->request.id, id) == 0)
			found = slot;
	}
	if (found != NULL && wait)
		found->waiters++;
	LWLockRelease(job_table->lock);
	return found;
}

JobSlot *
job_find_cleanup(void)
{
	JobSlot    *found = NULL;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	for (int i = 0; i < JOB_SLOTS && found == NULL; i++)
	{
		JobSlot    *slot = &job_table->slots[i];

		if (job_slot_is_active(slot) && job_is_cleanup(&slot->request) &&
			slot->request.target[0] == '\0')
			found = slot;
	}
	if (found != NULL)
		found->waiters++;
	LWLockRelease(job_table->lock);
	return found;
}

bool
job_any_active(char id[BACKUP_ID_SIZE])
{
	bool		found = false;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	end_stale_requests();
	for (int i = 0; i < JOB_SLOTS && !found; i++)
	{
		const JobSlot *slot = &job_table->slots[i];

		found = job_slot_is_active(slot) && slot->request.kind != JOB_CHECK &&
			slot->request.kind != JOB_WINDOW &&
			slot->request.kind != JOB_EXPIRE &&
			slot->request.kind != JOB_METRICS &&
			slot->request.kind != JOB_MEASURE &&
			slot->request.kind != JOB_TAIL &&
			slot->request.kind != JOB_COPY_WAL &&
			!job_is_delivery(&slot->request);
		if (found)
			strlcpy(id, slot->request.id, BACKUP_ID_SIZE);
	}
	LWLockRelease(job_table->lock);
	return found;
}

/*
 * Tells the job in a slot to stop; the lock is held.  False if there is none.
 */
static bool
cancel_slot(JobSlot *slot, const char *who)
{
	if (!job_slot_is_active(slot))
		return false;
	if (!slot->cancel)
		strlcpy(slot->cancelled_by, who, NAMEDATALEN);
	slot->cancel = true;
	if (slot->latch != NULL)
		SetLatch(slot->latch);
	else if (slot->state == JOB_WAITING && job_table->scheduler_latch != NULL)
		SetLatch(job_table->scheduler_latch);
	return true;
}

void
job_cancel(JobSlot *slot, const char *who)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	cancel_slot(slot, who);
	LWLockRelease(job_table->lock);
}

bool
job_cancel_id(const char *id, const char *who)
{
	bool		found = false;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	for (int i = 0; i < JOB_SLOTS; i++)
	{
		JobSlot    *slot = &job_table->slots[i];

		if (strcmp(slot->request.id, id) == 0)
			found |= cancel_slot(slot, who);
	}
	LWLockRelease(job_table->lock);
	return found;
}

void
job_read(JobSlot *slot, JobOutcome *outcome, char **payload)
{
	char	   *copy = palloc(JOB_PAYLOAD_SIZE);

	LWLockAcquire(job_table->lock, LW_SHARED);
	*outcome = slot->outcome;
	memcpy(copy, slot->payload, JOB_PAYLOAD_SIZE);
	LWLockRelease(job_table->lock);
	*payload = copy;
}

void
job_leave(JobSlot *slot)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	slot->waiters--;
	free_if_unneeded(slot);
	LWLockRelease(job_table->lock);
}

bool
job_is_finished(JobSlot *slot)
{
	bool		finished;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	end_stale_requests();
	finished = slot->state == JOB_FINISHED;
	LWLockRelease(job_table->lock);
	return finished;
}

void
scheduler_wake(void)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	job_table->scheduler_wanted = true;
	if (job_table->scheduler_latch != NULL)
		SetLatch(job_table->scheduler_latch);
	LWLockRelease(job_table->lock);
}

bool
job_start(JobSlot *slot)
{
	bool		started;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	started = slot->state == JOB_REQUESTED;
	if (started)
		slot->state = JOB_STARTING;
	LWLockRelease(job_table->lock);
	return started;
}

bool
job_take(JobSlot *slot, uint64 number)
{
	bool		taken;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	taken = slot->state == JOB_STARTING && slot->number == number;
	if (taken)
	{
		slot->state = JOB_RUNNING;
		slot->pid = MyProcPid;
		slot->latch = MyLatch;
	}
	LWLockRelease(job_table->lock);
	metrics_listener_want();
	return taken;
}

bool
job_progress(JobSlot *slot, const JobProgress *progress)
{
	JobProgress *current = &slot->progress;
	bool		changed = strcmp(current->phase, progress->phase) != 0;
	int64		offset = current->phase_offset;
	TimestampTz since = current->phase_started_at;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	*current = *progress;
	current->phase_offset = changed ? progress->bytes_done : offset;
	current->phase_started_at = changed ? GetCurrentTimestamp() : since;
	LWLockRelease(job_table->lock);
	return changed;
}

void
job_add_line(JobSlot *slot, const char *line)
{
	size_t		len = strlen(line);

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	if (slot->payload_len + len + 2 <= JOB_PAYLOAD_SIZE)
	{
		memcpy(slot->payload + slot->payload_len, line, len);
		slot->payload_len += len;
		slot->payload[slot->payload_len++] = '\n';
		slot->payload[slot->payload_len] = '\0';
	}
	LWLockRelease(job_table->lock);
}

bool
job_is_cancelled(JobSlot *slot)
{
	bool		cancelled;

	LWLockAcquire(job_table->lock, LW_SHARED);
	cancelled = slot->cancel;
	LWLockRelease(job_table->lock);
	return cancelled;
}

void
job_want_repair(void)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	job_table->repair_wanted = true;
	LWLockRelease(job_table->lock);
}

void
job_retry_later(JobSlot *slot, int64 delay_ms)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	slot->state = JOB_WAITING;
	slot->number = ++job_table->last_number;
	slot->pid = 0;
	slot->latch = NULL;
	slot->request.attempt++;
	slot->retry_ms = passing_ms() + delay_ms;
	memset(&slot->progress, 0, sizeof(slot->progress));
	strlcpy(slot->progress.phase, "waiting", sizeof(slot->progress.phase));
	LWLockRelease(job_table->lock);
	metrics_listener_want();
}

long
job_request_retries(void)
{
	int64		now = passing_ms();
	long		shortest = 0;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	for (int i = 0; i < JOB_SLOTS; i++)
	{
		JobSlot    *slot = &job_table->slots[i];
		long		left;

		if (slot->state != JOB_WAITING)
			continue;
		left = (long) (slot->retry_ms - now);
		if (left <= 0 || slot->cancel)
		{
			slot->state = JOB_REQUESTED;
			slot->requested_ms = now;
		}
		else if (shortest == 0 || left < shortest)
			shortest = left;
	}
	LWLockRelease(job_table->lock);
	return shortest;
}

void
job_finish(JobSlot *slot, const JobOutcome *outcome)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	slot->outcome = *outcome;
	slot->state = JOB_FINISHED;
	slot->pid = 0;
	slot->latch = NULL;
	free_if_unneeded(slot);
	LWLockRelease(job_table->lock);
	ConditionVariableBroadcast(&slot->changed);
	metrics_listener_want();
}

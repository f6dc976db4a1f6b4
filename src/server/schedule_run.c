/*
 * Running what is due, as a part of the scheduler.
 *
 * The row with what is noted of a schedule is locked before its job is asked
 * for, so that whoever holds it delays the run and cannot make it happen twice.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "backup_arguments.h"
#include "history.h"
#include "job_slot.h"
#include "schedule_definition.h"
#include "schedule_run.h"
#include "schedule_table.h"
#include "settings.h"
#include "statement.h"
#include "verification.h"

/* At most so long without a look: the clock may have been changed. */
#define HEALTH_INTERVAL_S (60 * 60)
/* After an error. */
#define RETRY_S 60

/* A schedule and what is to be done about it. */
typedef struct Pending
{
	const ScheduleRow *row;
	int64		now;
	ScheduleTurn turn;
	char	   *problem;		/* why it cannot run, or NULL */
} Pending;

/* What schedule_load gave. */
typedef struct Schedules
{
	ScheduleRow *rows;
	int			count;
} Schedules;

/*
 * Asks for a job; the result is NULL, or why it is not to be had.  Locks that
 * an error leaves are released with the subtransaction.
 */
static char *
try_request(JobRequest *request, int64 newer_than)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char	   *volatile reason = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		(void) job_request(request, newer_than, false);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		reason = CopyErrorData()->message;
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return reason;
}

/*
 * Is a job of this schedule active?
 */
static bool
is_running(const char *name)
{
	bool		found = false;

	LWLockAcquire(job_table->lock, LW_SHARED);
	for (int i = 0; i < JOB_SLOTS && !found; i++)
	{
		const JobSlot *slot = &job_table->slots[i];

		found = slot->state != JOB_FREE && slot->state != JOB_FINISHED &&
			strcmp(slot->request.schedule, name) == 0;
	}
	LWLockRelease(job_table->lock);
	return found;
}

/*
 * Asks for the verification of the backups, one after the other; the result is
 * NULL, or why there is none.
 */
static char *
request_verification(JobRequest *request)
{
	if (job_kind_active(JOB_VERIFY))
		return "another verification is running";
	request->kind = JOB_VERIFY;
	request->series_started_at = GetCurrentTimestamp();
	if (!verification_next(request))
		return "there is no backup";
	return try_request(request, 0);
}

/*
 * Asks for a backup; the result is NULL, or why there is none.
 */
static char *
request_backup(JobRequest *request, const ScheduleRow *row)
{
	request->kind = JOB_BACKUP;
	request->type = backup_type_argument(row->type);
	if (row->databases != NULL)
		backup_databases_fill(request, row->databases);
	return try_request(request, history_newest_time());
}

/*
 * Asks for the job of a schedule and notes that it was, or why it was not.
 */
static void
run(const ScheduleRow *row)
{
	JobRequest *request = palloc0(sizeof(JobRequest));
	char	   *reason;

	strlcpy(request->schedule, row->name, sizeof(request->schedule));
	request->has_maximum_duration = row->has_maximum_duration;
	request->maximum_duration = row->maximum_duration;
	if (is_running(row->name))
		reason = "its last run has not ended";
	else if (strcmp(row->type, SCHEDULE_VERIFY) == 0)
		reason = request_verification(request);
	else
		reason = request_backup(request, row);

	if (reason == NULL)
		schedule_note_run(row, request);
	else
		schedule_note_skip(row, reason);
}

/*
 * Notes that a schedule did not run at its time.
 */
static void
note_missed(const ScheduleRow *row)
{
	TimestampTz planned = time_t_to_timestamptz(row->planned);

	schedule_note_skip(row, psprintf("it should have run at %s, and is not to catch up",
									 timestamptz_to_str(planned)));
}

/*
 * Do two texts, of which either may be NULL, differ?
 */
static bool
differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

/*
 * Decides what is to be done about a schedule.
 */
static void
decide(Pending *pending)
{
	const ScheduleRow *row = pending->row;
	const int64_t *planned = row->is_noted && row->is_planned ?
		&row->planned : NULL;
	Schedule	schedule;

	memset(&pending->turn, 0, sizeof(pending->turn));
	pending->problem = NULL;
	if (row->cron == NULL)
		return;
	pending->problem = schedule_define(row->name, row->cron, row->timezone,
									   row->jitter, &schedule);
	schedule.enabled = row->enabled && pending->problem == NULL;
	schedule.catch_up = row->catch_up;
	pending->turn = schedule_decide(&schedule, planned, pending->now);
}

/*
 * Is there anything to be done or noted?
 */
static bool
is_to_act(const Pending *pending)
{
	const ScheduleRow *row = pending->row;
	const ScheduleTurn *turn = &pending->turn;

	return !row->is_noted || turn->action != SCHEDULE_WAIT ||
		turn->has_next != row->is_planned ||
		(turn->has_next && turn->next_run != row->planned) ||
		differ(pending->problem, row->problem);
}

/*
 * Notes what was decided about a schedule, and does it.
 */
static void
carry_out(const Pending *pending)
{
	const ScheduleRow *row = pending->row;
	const ScheduleTurn *turn = &pending->turn;

	if (row->cron == NULL)
	{
		schedule_forget(row->name);
		return;
	}
	schedule_note_plan(row, turn->has_next ? &turn->next_run : NULL,
					   pending->problem);
	if (setting_enabled && turn->action == SCHEDULE_RUN)
		run(row);
	else if (setting_enabled && turn->action == SCHEDULE_MISSED)
		note_missed(row);
}

/*
 * Does what is to be done about a schedule, in one transaction.  What it was
 * when all were read may have changed while others were dealt with.
 */
static void
act(void *subject)
{
	Pending    *pending = subject;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext inside;
	ScheduleRow *row;

	if (!schedule_begin())
		return;
	row = schedule_lock(pending->row->name);
	if (row != NULL)
	{
		pending->row = row;
		inside = MemoryContextSwitchTo(caller);
		decide(pending);
		MemoryContextSwitchTo(inside);
		if (is_to_act(pending))
			carry_out(pending);
	}
	schedule_commit();
}

/*
 * When a schedule is to be dealt with again.
 */
static int64
next_turn(const Pending *pending)
{
	return pending->turn.has_next ? pending->turn.next_run : PG_INT64_MAX;
}

/*
 * Deals with a schedule; the result is when to do so again.
 */
static int64
take_turn(const ScheduleRow *row, int64 now)
{
	Pending		pending = {.row = row, .now = now};

	decide(&pending);
	if (!is_to_act(&pending))
		return next_turn(&pending);
	if (!transaction_try(act, &pending,
						 psprintf("erpgo_backup could not look after schedule \"%s\"",
								  row->name)))
		return now + RETRY_S;
	if (pending.problem != NULL &&
		differ(pending.problem, pending.row->problem))
		ereport(WARNING,
				errmsg("schedule \"%s\" cannot run", row->name),
				errdetail("%s", pending.problem),
				errhint("Change it with erpgo_backup_schedule."));
	return next_turn(&pending);
}

/*
 * Reads the schedules.
 */
static void
load(void *subject)
{
	Schedules  *schedules = subject;

	schedules->rows = schedule_load(&schedules->count);
}

/*
 * The milliseconds from now until a moment; at least one, so that a clock that
 * is a little off does not make us run in circles.
 */
static long
milliseconds_until(int64 moment)
{
	return Max(TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
											   time_t_to_timestamptz(moment)), 1);
}

long
schedules_run_due(void)
{
	int64		now = timestamptz_to_time_t(GetCurrentTimestamp());
	int64		wake = now + HEALTH_INTERVAL_S;
	Schedules	schedules = {0};

	if (!transaction_try(load, &schedules, "erpgo_backup could not read the schedules"))
		return milliseconds_until(now + RETRY_S);
	for (int i = 0; i < schedules.count; i++)
	{
		int64		next = take_turn(&schedules.rows[i], now);

		wake = Min(wake, next);
		CHECK_FOR_INTERRUPTS();
	}
	return milliseconds_until(wake);
}

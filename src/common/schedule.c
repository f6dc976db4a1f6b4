/*
 * Schedules: what is due, and when is the next run?
 */
#include "common/schedule.h"

#include <stddef.h>

/* Spreads numbers evenly over 64 bits (the finalizer of splitmix64). */
static uint64_t
spread(uint64_t number)
{
	number ^= number >> 30;
	number *= UINT64_C(0xBF58476D1CE4E5B9);
	number ^= number >> 27;
	number *= UINT64_C(0x94D049BB133111EB);
	return number ^ number >> 31;
}

/* By how many seconds a run is put off. */
static int64_t
delay(const Schedule *schedule, int64_t run)
{
	if (schedule->jitter <= 0)
		return 0;
	return (int64_t) (spread(schedule->seed + (uint64_t) run) %
					  ((uint64_t) schedule->jitter + 1));
}

bool
schedule_next(const Schedule *schedule, int64_t after, int64_t *next)
{
	int64_t		run;

	if (!cron_next(&schedule->cron, &schedule->clock, after, &run))
		return false;
	*next = run + delay(schedule, run);
	return true;
}

ScheduleTurn
schedule_decide(const Schedule *schedule, const int64_t *planned, int64_t now)
{
	ScheduleTurn turn = {SCHEDULE_WAIT, false, 0};

	if (!schedule->enabled)
		return turn;
	turn.has_next = schedule_next(schedule, now, &turn.next_run);
	if (planned == NULL)
		return turn;
	if (*planned > now)
	{
		if (turn.has_next && *planned < turn.next_run)
			turn.next_run = *planned;
	}
	else if (schedule->catch_up || now - *planned <= SCHEDULE_LATE_S)
		turn.action = SCHEDULE_RUN;
	else
		turn.action = SCHEDULE_MISSED;
	return turn;
}

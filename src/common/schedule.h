/*
 * Schedules: what is due, and when is the next run?
 */
#ifndef ERPGO_COMMON_SCHEDULE_H
#define ERPGO_COMMON_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/cron.h"

/* A run that could not begin within so many seconds counts as missed. */
#define SCHEDULE_LATE_S 60

typedef struct Schedule
{
	Cron		cron;
	Clock		clock;
	bool		enabled;
	bool		catch_up;		/* make up for runs that were missed */
	int64_t		jitter;			/* seconds by which a run may be put off */
	uint64_t	seed;			/* tells it from others with its jitter */
} Schedule;

typedef enum ScheduleAction
{
	SCHEDULE_WAIT,				/* nothing is due */
	SCHEDULE_RUN,				/* the planned run, or one for all missed */
	SCHEDULE_MISSED				/* missed, and not to be made up for */
} ScheduleAction;

typedef struct ScheduleTurn
{
	ScheduleAction action;
	bool		has_next;		/* false if disabled, or if it never runs */
	int64_t		next_run;		/* to be planned now */
} ScheduleTurn;

/*
 * Finds the first run after a moment, put off by a part of the jitter that
 * depends on the seed and the run alone: servers that share a schedule do not
 * run all at once, and asking twice gives the same answer.  False if there is
 * none.
 */
extern bool schedule_next(const Schedule *schedule, int64_t after,
						  int64_t *next);

/*
 * Decides what to do now.  *planned is the run planned before, NULL if there
 * is none: then the first run is planned, whatever was before.
 *
 * However many runs were missed, one makes up for them.  A plan that is later
 * than one made now would be is given up: the clock was put back.
 */
extern ScheduleTurn schedule_decide(const Schedule *schedule,
									const int64_t *planned, int64_t now);

#endif

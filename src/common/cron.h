/*
 * Cron expressions: when does a schedule run?
 *
 * Five fields, separated by blanks: minute (0-59), hour (0-23), day of the
 * month (1-31), month (1-12 or jan-dec), day of the week (0-7 or sun-sat, 0
 * and 7 are Sunday).  A field is a list, separated by commas, of "*", values
 * and ranges; a step ("/2": every second one) may follow "*" or a range, as in
 * "8-18/2".  "mon-sun" ends with 7.  Upper case is as lower case.
 * Instead of fields: @hourly, @daily, @midnight, @weekly, @monthly, @yearly,
 * @annually.
 *
 * Days, as in cron(8): a day must match both the day of the month and the day
 * of the week if one of these fields begins with "*"; if neither does, one
 * match is enough.  So "0 0 13 * fri" runs on every 13th and every Friday,
 * and with a field that begins with "*", step or not, the other one decides.
 *
 * Changes of the clock, for daylight saving or otherwise:
 *
 * - A schedule with fixed hours misses no run and doubles none.  If the clock
 *   is put forward over one or more of its times, it runs once at the first
 *   moment after the gap; if it is put back, a time that is shown twice runs
 *   the first time only.  That is what cron(8) says for jobs "that run at a
 *   specific time or with a granularity greater than one hour", and it holds
 *   here for every size of the change.
 * - A schedule whose hour field allows all 24 hours runs whenever the clock on
 *   the wall shows one of its times: nothing extra after a gap, and again in
 *   the repeated hour.  So one that runs every hour does so every real hour.
 *
 * Unlike in cron(8), which looks only for a "*" at the beginning of the hour
 * or minute field, an hour field with a step has fixed hours: a backup every
 * six hours is not lost in a zone whose clock skips midnight.
 */
#ifndef ERPGO_COMMON_CRON_H
#define ERPGO_COMMON_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"

typedef struct Cron
{
	uint64_t	minutes;		/* bit n stands for minute n, and so on */
	uint32_t	hours;
	uint32_t	days;
	uint32_t	months;
	uint32_t	weekdays;
	bool		either_day;		/* day of month or of week is enough */
} Cron;

/*
 * Reads an expression.  On false, *problem is a static sentence that says
 * what would be valid.
 */
extern bool cron_parse(const char *text, Cron *cron, const char **problem);

/*
 * Finds the first run strictly after a moment.  False if there is none, in
 * all the 400 years after which the calendar repeats (30 February) or before
 * the year 10000.
 */
extern bool cron_next(const Cron *cron, const Clock *clock, int64_t after,
					  int64_t *next);

/*
 * Finds the last run at or before a moment; false if there is none in the 400
 * years before.
 */
extern bool cron_previous(const Cron *cron, const Clock *clock, int64_t until,
						  int64_t *previous);

/*
 * Says whether a schedule that last ran (or was created) at "last" should
 * have run since, "now" included, and if so sets *missed to the last of these
 * times.  However many there were, one run makes up for them, after which
 * *missed serves as "last".
 */
extern bool cron_missed(const Cron *cron, const Clock *clock, int64_t last,
						int64_t now, int64_t *missed);

#endif

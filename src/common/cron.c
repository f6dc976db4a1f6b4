/*
 * Cron expressions: when they run.
 */
#include "common/cron.h"

#include "common/civil_time.h"

#define ALL_HOURS UINT32_C(0xFFFFFF)

/* After so many months the calendar repeats, weekdays included. */
#define CALENDAR_MONTHS (400 * 12)
#define CALENDAR_SECONDS (INT64_C(146097) * CIVIL_DAY_SECONDS)

/* No two offsets differ by as much, and two changes are not that close. */
#define CHANGE_WINDOW (3 * CIVIL_DAY_SECONDS)

/* The lowest bit that is set, from one on; -1 if there is none. */
static int
next_bit(uint64_t bits, int from)
{
	for (int bit = from; bit < 64 && bits >> bit != 0; bit++)
	{
		if (bits >> bit & 1)
			return bit;
	}
	return -1;
}

/* The days of a month on which the schedule runs; bit n stands for day n. */
static uint64_t
days_of_month(const Cron *cron, int year, int month)
{
	int			length = civil_month_length(year, month);
	int			weekday = civil_weekday(civil_day_number(year, month, 1));
	uint64_t	week;
	uint64_t	matching;

	if ((cron->months >> month & 1) == 0)
		return 0;

	/* The week as it lies from the 1st on, then five times in a row. */
	week = (cron->weekdays >> weekday | cron->weekdays << (7 - weekday)) & 0x7F;
	matching = (week | week << 7 | week << 14 | week << 21 | week << 28) << 1;
	if (cron->either_day)
		matching |= cron->days;
	else
		matching &= cron->days;
	return matching & ((UINT64_C(2) << length) - 2);
}

/* Finds the first day, from one on, on which the schedule runs. */
static bool
next_day(const Cron *cron, int64_t *day_number)
{
	int			year;
	int			month;
	int			day;

	civil_date(*day_number, &year, &month, &day);
	for (int i = 0; i <= CALENDAR_MONTHS; i++)
	{
		int			found = next_bit(days_of_month(cron, year, month), day);

		if (found > 0)
		{
			*day_number = civil_day_number(year, month, found);
			return true;
		}
		day = 1;
		year += month / 12;
		month = month % 12 + 1;
	}
	return false;
}

/*
 * The first minute of a day, from one on, at which the schedule runs; -1 if
 * there is none.
 */
static int
next_minute(const Cron *cron, int minute_of_day)
{
	int			hour = minute_of_day / 60;
	int			minute = -1;

	if (cron->hours >> hour & 1)
		minute = next_bit(cron->minutes, minute_of_day % 60);
	if (minute < 0)
	{
		hour = next_bit(cron->hours, hour + 1);
		minute = next_bit(cron->minutes, 0);
	}
	return (hour < 0) ? -1 : hour * 60 + minute;
}

/* Finds the first local seconds, from some on, that the fields match. */
static bool
next_match(const Cron *cron, int64_t from, int64_t *match)
{
	int64_t		today = civil_day_of(from + 59);
	int64_t		day_number = today;
	int			minute = (int) ((from + 59 - today * CIVIL_DAY_SECONDS) / 60);

	if (!next_day(cron, &day_number))
		return false;
	minute = next_minute(cron, (day_number == today) ? minute : 0);
	if (minute < 0)
	{
		day_number++;
		if (!next_day(cron, &day_number))
			return false;
		minute = next_minute(cron, 0);
	}
	*match = day_number * CIVIL_DAY_SECONDS + minute * 60;
	return true;
}

/*
 * The local seconds from which to look for a run after a moment: with fixed
 * hours those that the clock shows a second time have had their run.
 */
static int64_t
first_local(const Cron *cron, const Clock *clock, int64_t after)
{
	int64_t		local = civil_local(clock, after) + 1;
	int64_t		change;
	int64_t		reached;

	if (cron->hours == ALL_HOURS ||
		!civil_next_change(clock, after - CHANGE_WINDOW, after, &change))
		return local;
	reached = civil_local(clock, change - 1) + 1;
	return (reached > local) ? reached : local;
}

/* A walk over time: the fields match nothing between from and match. */
typedef struct Walk
{
	int64_t		from;			/* a moment that was dealt with */
	int64_t		match;			/* the next local seconds that match */
} Walk;

/*
 * Goes on from a change of the clock.  A match that it skipped becomes one at
 * that very moment, whatever the fields say, if the hours are fixed.
 */
static void
pass_change(const Cron *cron, const Clock *clock, Walk *walk, int64_t change)
{
	int64_t		local = civil_local(clock, change);

	walk->from = change;
	if (cron->hours == ALL_HOURS)
	{
		/* What matched once matches again: the calendar repeats. */
		(void) next_match(cron, local, &walk->match);
	}
	else if (walk->match < local)
		walk->match = local;
}

/* Goes on to where the clock may change again before the match. */
static void
walk_on(Walk *walk, int64_t until, int64_t next)
{
	walk->from = until;
	if (walk->from < next - CHANGE_WINDOW)
		walk->from = next - CHANGE_WINDOW;
}

bool
cron_next(const Cron *cron, const Clock *clock, int64_t after, int64_t *next)
{
	Walk		walk = {after, 0};
	int64_t		change;
	int64_t		until;

	if (after < CIVIL_FIRST_MOMENT)
		walk.from = CIVIL_FIRST_MOMENT;
	if (after >= CIVIL_LAST_MOMENT ||
		!next_match(cron, first_local(cron, clock, walk.from), &walk.match))
		return false;

	for (;;)
	{
		*next = walk.match - civil_offset(clock, walk.from);
		if (*next > CIVIL_LAST_MOMENT)
			return false;

		/* Far from the match only a change close behind matters. */
		until = walk.from + CHANGE_WINDOW;
		if (until > *next)
			until = *next;
		if (civil_next_change(clock, walk.from, until, &change))
			pass_change(cron, clock, &walk, change);
		else if (until == *next)
			return true;
		else
			walk_on(&walk, until, *next);
	}
}

/* Is there a run after a moment and not after another one?  Which is it? */
static bool
runs_between(const Cron *cron, const Clock *clock, int64_t after,
			 int64_t until, int64_t *run)
{
	return cron_next(cron, clock, after, run) && *run <= until;
}

bool
cron_previous(const Cron *cron, const Clock *clock, int64_t until,
			  int64_t *previous)
{
	int64_t		span = 60;
	int64_t		behind = until;
	int64_t		run;

	if (until < CIVIL_FIRST_MOMENT)
		return false;
	if (until > CIVIL_LAST_MOMENT)
		until = behind = CIVIL_LAST_MOMENT;
	if (!runs_between(cron, clock, until - CALENDAR_SECONDS, until, previous))
		return false;
	while (!runs_between(cron, clock, until - span, until, previous))
	{
		behind = until - span;
		span *= 2;
	}

	/* No run lies after "behind"; close in on the last one from both sides. */
	while (behind - *previous > 1)
	{
		int64_t		middle = *previous + (behind - *previous) / 2;

		if (runs_between(cron, clock, middle, until, &run))
			*previous = run;
		else
			behind = middle;
	}
	return true;
}

bool
cron_missed(const Cron *cron, const Clock *clock, int64_t last, int64_t now,
			int64_t *missed)
{
	return cron_previous(cron, clock, now, missed) && *missed > last;
}

/*
 * Cron expressions held against a cron that looks at the calendar every day
 * and, around changes of the clock, at the clock on the wall every minute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/civil_time.h"
#include "common/cron.h"
#include "random_numbers.h"
#include "zone.h"

#define DAY 86400
#define ROUNDS_PER_ZONE 12

static const char *const zones[] = {
	"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
	"Pacific/Apia", "Asia/Beirut", "America/Havana", "Antarctica/Troll",
	"Atlantic/Azores", "Africa/Casablanca", "Asia/Pyongyang",
	"Pacific/Kwajalein", "America/Caracas"
};

/* Do the fields match a day? */
static bool
matches_day(const Cron *cron, int64_t day_number)
{
	int			date[3];
	bool		day;
	bool		weekday;

	civil_date(day_number, &date[0], &date[1], &date[2]);
	day = cron->days >> date[2] & 1;
	weekday = cron->weekdays >> civil_weekday(day_number) & 1;
	return (cron->months >> date[1] & 1) &&
		(cron->either_day ? day || weekday : day && weekday);
}

/* Do the fields match what the clock on the wall shows? */
static bool
matches(const Cron *cron, int64_t local)
{
	int64_t		day_number = civil_day_of(local);
	int			minute = (int) (local - day_number * DAY) / 60;

	return (cron->minutes >> minute % 60 & 1) &&
		(cron->hours >> minute / 60 & 1) && matches_day(cron, day_number);
}

/*
 * Does a schedule run at a minute?  *reached is the latest time that the clock
 * on the wall has shown; with fixed hours each minute counts once, and the
 * ones that were skipped count when they are passed.
 */
static bool
runs_at(const Cron *cron, const Clock *clock, int64_t minute,
		int64_t *reached)
{
	int64_t		local = civil_local(clock, minute);
	bool		runs = false;

	if (cron->hours == 0xFFFFFF)
		return matches(cron, local);
	for (; *reached < local; *reached += 60)
		runs = runs || matches(cron, *reached + 60);
	return runs;
}

/* A number, a list, a range, a step or a star. */
static int
random_field(char *text, size_t size, int low, int high)
{
	int			from = (int) random_between(low, high);
	int			to = (int) random_between(from, high);
	int			step = (int) random_between(1, 5);

	switch (random_between(0, 5))
	{
		case 0:
			return snprintf(text, size, "*");
		case 1:
			return snprintf(text, size, "*/%d", step);
		case 2:
			return snprintf(text, size, "%d-%d", from, to);
		case 3:
			return snprintf(text, size, "%d-%d/%d", from, to, step);
		case 4:
			return snprintf(text, size, "%d,%d", from, to);
		default:
			return snprintf(text, size, "%d", from);
	}
}

static void
random_expression(char *text, size_t size)
{
	int			length = random_field(text, size, 0, 59);

	text[length++] = ' ';
	if (random_one_in(2))
		length += random_field(text + length, size - length, 0, 4);
	else
		length += random_field(text + length, size - length, 0, 23);
	text[length++] = ' ';
	if (random_one_in(2))
		length += random_field(text + length, size - length, 1, 31);
	else
		text[length++] = '*';
	(void) snprintf(text + length, size - length, " %s %s",
					random_one_in(4) ? "2,4" : "*",
					random_one_in(4) ? "sun-tue" : "*");
}

/* A change of the clock between 1975 and 2037, when minutes were whole. */
static bool
random_change(const Clock *clock, int64_t *change)
{
	int64_t		moment = utc("1975-01-01 00:00:00") +
		random_between(0, 60 * 365) * DAY;

	for (int i = 0; i < 10 * 365; i += 2, moment += 2 * DAY)
	{
		if (civil_next_change(clock, moment, moment + 2 * DAY, change))
			return true;
	}
	return false;
}

/* Every minute of the five days around a change, against the real thing. */
static void
compare_minute_by_minute(const Cron *cron, const Clock *clock,
						 int64_t change, const char *text)
{
	int64_t		minute = change - change % DAY - 2 * DAY;
	int64_t		end = minute + 5 * DAY;
	int64_t		reached = civil_local(clock, minute);
	int64_t		last = minute;

	while ((minute += 60) < end)
	{
		int64_t		next;
		int64_t		previous = minute;
		bool		expected = runs_at(cron, clock, minute, &reached);
		bool		found = cron_next(cron, clock, minute - 60, &next) &&
			next == minute;

		if (expected != found)
			fail_msg("\"%s\" at %lld, with a change at %lld", text,
					 (long long) minute, (long long) change);
		if (!expected)
			continue;
		assert_true(cron_next(cron, clock, last, &next));
		assert_int_equal(next, minute);
		assert_true(cron_previous(cron, clock, minute + 59, &previous));
		assert_int_equal(previous, minute);
		last = minute;
	}
}

static void
every_run_around_a_change_is_the_one_that_a_watcher_sees(void **state)
{
	int			compared = 0;

	(void) state;
	random_seed(4);
	for (size_t zone = 0; zone < sizeof(zones) / sizeof(zones[0]); zone++)
	{
		Clock		clock = zone_clock(zones[zone]);

		for (int i = 0; i < ROUNDS_PER_ZONE; i++)
		{
			char		text[80];
			Cron		cron;
			const char *problem;
			int64_t		change;

			random_expression(text, sizeof(text));
			assert_true(cron_parse(text, &cron, &problem));
			if (!random_change(&clock, &change))
				continue;
			compare_minute_by_minute(&cron, &clock, change, text);
			compared++;
		}
	}
	print_message("%d changes of the clock\n", compared);
	assert_true(compared > 60);
}

static void
no_day_is_left_out(void **state)
{
	const Clock utc_clock = {NULL, NULL};

	(void) state;
	random_seed(5);
	for (int i = 0; i < 20000; i++)
	{
		char		text[80];
		Cron		cron;
		const char *problem;
		int64_t		day_number = random_between(-10000, 50000);
		int64_t		next;
		bool		runs;

		random_expression(text, sizeof(text));
		assert_true(cron_parse(text, &cron, &problem));
		runs = cron_next(&cron, &utc_clock, day_number * DAY - 1, &next);
		if (!runs)
			next = (day_number + 9 * 365) * DAY;
		else
			assert_true(matches(&cron, next));
		for (; day_number < civil_day_of(next); day_number++)
			assert_false(matches_day(&cron, day_number));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_run_around_a_change_is_the_one_that_a_watcher_sees),
		cmocka_unit_test(no_day_is_left_out)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

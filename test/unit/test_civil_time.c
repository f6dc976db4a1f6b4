/*
 * Moments and the calendar, held against the C library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "common/civil_time.h"
#include "random_numbers.h"
#include "zone.h"

static void
day_numbers_count_from_1970(void **state)
{
	(void) state;
	assert_int_equal(civil_day_number(1970, 1, 1), 0);
	assert_int_equal(civil_day_number(1969, 12, 31), -1);
	assert_int_equal(civil_day_number(2000, 2, 29), 11016);
	assert_int_equal(civil_day_number(1, 1, 1), CIVIL_FIRST_MOMENT / 86400);
	assert_int_equal(civil_day_number(10000, 1, 1),
					 (CIVIL_LAST_MOMENT + 1) / 86400);
}

static void
every_day_of_800_years_follows_the_one_before(void **state)
{
	int64_t		end = civil_day_number(2400, 1, 1);
	int64_t		day_number = civil_day_number(1600, 1, 1);
	int			year = 1600;
	int			month = 1;
	int			day = 1;
	int			weekday = 6;

	(void) state;
	for (; day_number < end; day_number++)
	{
		int			found[3];

		civil_date(day_number, &found[0], &found[1], &found[2]);
		assert_int_equal(found[0], year);
		assert_int_equal(found[1], month);
		assert_int_equal(found[2], day);
		assert_int_equal(civil_day_number(year, month, day), day_number);
		assert_int_equal(civil_weekday(day_number), weekday);

		weekday = (weekday + 1) % 7;
		if (++day <= civil_month_length(year, month))
			continue;
		day = 1;
		month = month % 12 + 1;
		year += (month == 1);
	}
}

static void
february_has_29_days_in_leap_years_only(void **state)
{
	(void) state;
	assert_int_equal(civil_month_length(1900, 2), 28);
	assert_int_equal(civil_month_length(2000, 2), 29);
	assert_int_equal(civil_month_length(2026, 2), 28);
	assert_int_equal(civil_month_length(2028, 2), 29);
	assert_int_equal(civil_month_length(2100, 2), 28);
}

static void
no_clock_is_utc(void **state)
{
	Clock		clock = {NULL, NULL};
	CivilTime	shown;

	(void) state;
	civil_time(&clock, utc("2026-11-22 18:01:02"), &shown);
	assert_int_equal(shown.year, 2026);
	assert_int_equal(shown.month, 11);
	assert_int_equal(shown.day, 22);
	assert_int_equal(shown.hour, 18);
	assert_int_equal(shown.minute, 1);
	assert_int_equal(shown.second, 2);
}

static void
moments_out_of_range_count_as_the_nearest_in_it(void **state)
{
	Clock		clock = {NULL, NULL};
	CivilTime	shown;

	(void) state;
	civil_time(&clock, INT64_MIN, &shown);
	assert_int_equal(shown.year, 1);
	civil_time(&clock, INT64_MAX, &shown);
	assert_int_equal(shown.year, 9999);
}

static int32_t
absurd_offset(const void *context, int64_t moment)
{
	(void) context;
	return (moment % 2 == 0) ? INT32_MIN : INT32_MAX;
}

static void
an_absurd_offset_counts_as_the_largest(void **state)
{
	Clock		clock = {absurd_offset, NULL};

	(void) state;
	assert_int_equal(civil_offset(&clock, 0), -CLOCK_MAX_OFFSET);
	assert_int_equal(civil_offset(&clock, 1), CLOCK_MAX_OFFSET);
}

static const char *const zones[] = {
	"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns",
	"Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "Asia/Beirut",
	"Africa/Casablanca", "America/Havana", "Antarctica/Troll",
	"Pacific/Chatham", "America/Sao_Paulo", "Asia/Manila"
};

#define ZONE_COUNT ((int) (sizeof(zones) / sizeof(zones[0])))

/* Moments from 1850 to 2037, every third close to a change. */
static int64_t
random_moment(const Clock *clock)
{
	int64_t		moment = random_between(INT64_C(-3786912000), 2145916800);
	int64_t		change;
	int64_t		day = 86400;

	if (random_one_in(3))
		return moment;
	for (int i = 0; i < 365; i += 2)
	{
		if (civil_next_change(clock, moment + i * day,
							  moment + (i + 2) * day, &change))
			return change + random_between(-7200, 7200);
	}
	return moment;
}

static void
times_are_those_of_the_c_library(void **state)
{
	(void) state;
	random_seed(1);
	for (int i = 0; i < 20000; i++)
	{
		Clock		clock = zone_clock(zones[i / 1500 % ZONE_COUNT]);
		time_t		moment = random_moment(&clock);
		CivilTime	shown;
		struct tm	fields;

		civil_time(&clock, moment, &shown);
		assert_non_null(localtime_r(&moment, &fields));
		assert_int_equal(shown.year, fields.tm_year + 1900);
		assert_int_equal(shown.month, fields.tm_mon + 1);
		assert_int_equal(shown.day, fields.tm_mday);
		assert_int_equal(shown.hour, fields.tm_hour);
		assert_int_equal(shown.minute, fields.tm_min);
		assert_int_equal(shown.second, fields.tm_sec);
		assert_int_equal(civil_weekday(civil_day_of(civil_local(&clock, moment))),
						 fields.tm_wday);
	}
}

static void
every_moment_is_found_again_by_what_the_clock_shows(void **state)
{
	(void) state;
	random_seed(2);
	for (int i = 0; i < 20000; i++)
	{
		Clock		clock = zone_clock(zones[i / 1500 % ZONE_COUNT]);
		int64_t		moment = random_moment(&clock);
		CivilTime	shown;
		CivilCount	count;
		int64_t		first;
		int64_t		last;

		civil_time(&clock, moment, &shown);
		count = civil_moments_of(&clock, &shown, &first, &last);
		assert_int_not_equal(count, CIVIL_SKIPPED);
		assert_true(moment == first || moment == last);
		assert_int_equal(count == CIVIL_REPEATED, first < last);
		assert_int_equal(civil_local(&clock, first), civil_local(&clock, last));
	}
}

static void
a_skipped_time_is_put_right_after_the_gap(void **state)
{
	Clock		clock = zone_clock("Europe/Berlin");
	int64_t		first;
	int64_t		last;

	(void) state;
	assert_int_equal(civil_moments(&clock, utc("2026-03-29 02:30:00"), &first, &last),
					 CIVIL_SKIPPED);
	assert_int_equal(first, utc("2026-03-29 01:00:00"));
	assert_int_equal(last, first);
	assert_int_equal(civil_moments(&clock, utc("2026-03-29 01:59:59"), &first, &last),
					 CIVIL_ONCE);
	assert_int_equal(first, utc("2026-03-29 00:59:59"));
	assert_int_equal(civil_moments(&clock, utc("2026-03-29 03:00:00"), &first, &last),
					 CIVIL_ONCE);
	assert_int_equal(first, utc("2026-03-29 01:00:00"));
}

static void
a_repeated_time_has_both_moments(void **state)
{
	Clock		clock = zone_clock("Europe/Berlin");
	int64_t		first;
	int64_t		last;

	(void) state;
	assert_int_equal(civil_moments(&clock, utc("2026-10-25 02:30:00"), &first, &last),
					 CIVIL_REPEATED);
	assert_int_equal(first, utc("2026-10-25 00:30:00"));
	assert_int_equal(last, utc("2026-10-25 01:30:00"));
	assert_int_equal(civil_moments(&clock, utc("2026-10-25 03:00:00"), &first, &last),
					 CIVIL_ONCE);
	assert_int_equal(first, utc("2026-10-25 02:00:00"));
}

static void
a_day_that_a_country_skipped_begins_with_the_next(void **state)
{
	Clock		clock = zone_clock("Pacific/Apia");
	int64_t		first;
	int64_t		last;

	(void) state;
	assert_int_equal(civil_moments(&clock, utc("2011-12-30 12:00:00"), &first, &last),
					 CIVIL_SKIPPED);
	assert_int_equal(first, utc("2011-12-30 10:00:00"));
}

static void
periods_begin_at_local_midnight(void **state)
{
	Clock		clock = zone_clock("Asia/Tokyo");
	int64_t		thursday = utc("2026-10-14 16:00:00");

	(void) state;
	assert_int_equal(civil_day_start(&clock, thursday), utc("2026-10-14 15:00:00"));
	assert_int_equal(civil_week_start(&clock, thursday, 0), utc("2026-10-10 15:00:00"));
	assert_int_equal(civil_week_start(&clock, thursday, 1), utc("2026-10-11 15:00:00"));
	assert_int_equal(civil_month_start(&clock, thursday), utc("2026-09-30 15:00:00"));
}

static void
a_day_without_midnight_begins_after_the_gap(void **state)
{
	Clock		clock = zone_clock("Asia/Beirut");

	(void) state;
	assert_int_equal(civil_day_start(&clock, utc("2026-03-29 09:00:00")),
					 utc("2026-03-28 22:00:00"));
}

static void
a_day_with_two_midnights_begins_with_the_first(void **state)
{
	Clock		clock = zone_clock("America/Havana");

	(void) state;
	assert_int_equal(civil_day_start(&clock, utc("2026-11-01 05:30:00")),
					 utc("2026-11-01 04:00:00"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(day_numbers_count_from_1970),
		cmocka_unit_test(every_day_of_800_years_follows_the_one_before),
		cmocka_unit_test(february_has_29_days_in_leap_years_only),
		cmocka_unit_test(no_clock_is_utc),
		cmocka_unit_test(moments_out_of_range_count_as_the_nearest_in_it),
		cmocka_unit_test(an_absurd_offset_counts_as_the_largest),
		cmocka_unit_test(times_are_those_of_the_c_library),
		cmocka_unit_test(every_moment_is_found_again_by_what_the_clock_shows),
		cmocka_unit_test(a_skipped_time_is_put_right_after_the_gap),
		cmocka_unit_test(a_repeated_time_has_both_moments),
		cmocka_unit_test(a_day_that_a_country_skipped_begins_with_the_next),
		cmocka_unit_test(periods_begin_at_local_midnight),
		cmocka_unit_test(a_day_without_midnight_begins_after_the_gap),
		cmocka_unit_test(a_day_with_two_midnights_begins_with_the_first)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Cron expressions: what is valid, and when it runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/cron.h"
#include "random_numbers.h"
#include "zone.h"

static const Clock no_zone = {NULL, NULL};

static Cron
parse(const char *text)
{
	Cron		cron;
	const char *problem;

	if (!cron_parse(text, &cron, &problem))
		fail_msg("\"%s\" was refused: %s", text, problem);
	return cron;
}

/* Holds the run after a moment of UTC against the one expected. */
static void
expect_next(const char *text, Clock clock, const char *after,
			const char *expected)
{
	Cron		cron = parse(text);
	int64_t		next;

	assert_true(cron_next(&cron, &clock, utc(after), &next));
	if (next != utc(expected))
		fail_msg("\"%s\" after %s runs %lld s after %s", text, after,
				 (long long) (next - utc(expected)), expected);
}

static void
expect_equal(const char *text, const char *same)
{
	Cron		one;
	Cron		other;

	memset(&one, 0, sizeof(one));
	memset(&other, 0, sizeof(other));
	one = parse(text);
	other = parse(same);
	assert_true(one.minutes == other.minutes && one.hours == other.hours &&
				one.days == other.days && one.months == other.months &&
				one.weekdays == other.weekdays &&
				one.either_day == other.either_day);
}

static void
expect_refused(const char *text, const char *reason)
{
	Cron		cron;
	const char *problem = NULL;

	if (cron_parse(text, &cron, &problem))
		fail_msg("\"%s\" was accepted", text);
	if (strstr(problem, reason) == NULL)
		fail_msg("\"%s\" was refused with \"%s\"", text, problem);
}

static void
names_lists_ranges_and_steps_mean_what_they_mean_to_cron(void **state)
{
	(void) state;
	expect_equal("0 0 1 jan *", "0 0 1 1 *");
	expect_equal("0 0 * DEC Mon", "0 0 * 12 1");
	expect_equal("0 0 * jan-mar,oct sun,tue-thu", "0 0 * 1,2,3,10 0,2,3,4");
	expect_equal("*/15 8-18/2 * * *", "0,15,30,45 8,10,12,14,16,18 * * *");
	expect_equal("5-5 00 01 1 *", "5 0 1 1 *");
	expect_equal("1,1,1 0 * * *", "1 0 * * *");
	expect_equal(" \t0 0\t\t* * * \t", "0 0 * * *");
	expect_equal("0 0 */1 */1 */1", "0 0 * * *");
}

static void
sunday_is_0_and_7(void **state)
{
	(void) state;
	expect_equal("0 0 * * 7", "0 0 * * 0");
	expect_equal("0 0 * * sun", "0 0 * * 0");
	expect_equal("0 0 * * 5-7", "0 0 * * 0,5,6");
	expect_equal("0 0 * * sat-sun", "0 0 * * 0,6");
	expect_equal("0 0 * * sun-tue", "0 0 * * 0-2");
	expect_equal("0 0 * * sun-sun", "0 0 * * 0");
	expect_equal("0 0 * * 0-7", "0 0 * * 0-6");
	expect_equal("0 0 * * */7", "0 0 * * 0");
}

static void
shorthands_stand_for_expressions(void **state)
{
	(void) state;
	expect_equal("@hourly", "0 * * * *");
	expect_equal("@daily", "0 0 * * *");
	expect_equal(" @Midnight ", "0 0 * * *");
	expect_equal("@weekly", "0 0 * * 0");
	expect_equal("@monthly", "0 0 1 * *");
	expect_equal("@yearly", "0 0 1 1 *");
	expect_equal("@ANNUALLY", "0 0 1 1 *");
}

static void
what_is_wrong_is_said(void **state)
{
	static const struct
	{
		const char *text;
		const char *reason;
	}			cases[] = {
		{"", "five fields"},
		{"   ", "five fields"},
		{"* * * *", "five fields"},
		{"* * * * * *", "five fields"},
		{"0 0 1 1 * x", "five fields"},
		{"@reboot", "@hourly"},
		{"@", "@hourly"},
		{"@daily 0", "@hourly"},
		{"60 * * * *", "Minutes are 0 to 59"},
		{"-1 * * * *", "Minutes are 0 to 59"},
		{"1000000000000 * * * *", "Minutes are 0 to 59"},
		{"0.5 * * * *", "Minutes are 0 to 59"},
		{"0x1 * * * *", "Minutes are 0 to 59"},
		{"jan * * * *", "Minutes are 0 to 59"},
		{", * * * *", "Minutes are 0 to 59"},
		{"1, * * * *", "Minutes are 0 to 59"},
		{"1,,2 * * * *", "Minutes are 0 to 59"},
		{"1- * * * *", "Minutes are 0 to 59"},
		{"** * * * *", "Minutes are 0 to 59"},
		{"*-5 * * * *", "Minutes are 0 to 59"},
		{"1-2-3 * * * *", "Minutes are 0 to 59"},
		{"*/2/3 * * * *", "Minutes are 0 to 59"},
		{"\n0 * * * *", "Minutes are 0 to 59"},
		{"0 24 * * *", "Hours are 0 to 23"},
		{"0 0 0 * *", "Days of the month are 1 to 31"},
		{"0 0 32 * *", "Days of the month are 1 to 31"},
		{"0 0 L * *", "Days of the month are 1 to 31"},
		{"0 0 ? * *", "Days of the month are 1 to 31"},
		{"0 0 * 0 *", "Months are 1 to 12"},
		{"0 0 * 13 *", "Months are 1 to 12"},
		{"0 0 * january *", "Months are 1 to 12"},
		{"0 0 * ja *", "Months are 1 to 12"},
		{"0 0 * * 8", "Days of the week are 0 to 7"},
		{"0 0 * * sunday", "Days of the week are 0 to 7"},
		{"0 0 * * mon#1", "Days of the week are 0 to 7"},
		{"0 0 * * \xC4\xB1", "Days of the week are 0 to 7"},
		{"5-1 * * * *", "runs upwards"},
		{"0 0 * * fri-mon", "runs upwards"},
		{"0 0 * * 6-0", "runs upwards"},
		{"0 22-4 * * *", "runs upwards"},
		{"5/15 * * * *", "follows"},
		{"*/ * * * *", "follows"},
		{"*/x * * * *", "follows"},
		{"*/0 * * * *", "at least 1"},
		{"*/60 * * * *", "at most"},
		{"0 */24 * * *", "at most"},
		{"*/99999999999999999999 * * * *", "at most"}
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_refused(cases[i].text, cases[i].reason);
}

static void
no_text_whatever_breaks_the_reader(void **state)
{
	static const char alphabet[] = "0123456789*/,-  \t@adefjmnorstuy\xFF";

	(void) state;
	random_seed(3);
	for (int i = 0; i < 200000; i++)
	{
		char		text[40];
		int			length = (int) random_between(0, (int) sizeof(text) - 1);
		Cron		cron;
		const char *problem = NULL;
		int64_t		next;

		for (int j = 0; j < length; j++)
			text[j] = alphabet[random_between(0, sizeof(alphabet) - 2)];
		text[length] = '\0';
		if (cron_parse(text, &cron, &problem))
			(void) cron_next(&cron, &no_zone, 0, &next);
		else
			assert_non_null(problem);
	}
}

static void
the_next_run_is_strictly_later(void **state)
{
	(void) state;
	expect_next("0 */6 * * *", no_zone, "2026-11-22 17:59:59", "2026-11-22 18:00:00");
	expect_next("0 */6 * * *", no_zone, "2026-11-22 18:00:00", "2026-11-23 00:00:00");
	expect_next("* * * * *", no_zone, "2026-11-22 18:00:00", "2026-11-22 18:01:00");
	expect_next("59 23 31 12 *", no_zone, "2026-12-31 23:59:00", "2027-12-31 23:59:00");
}

static void
one_of_two_restricted_day_fields_is_enough(void **state)
{
	(void) state;
	expect_next("0 0 13 * fri", no_zone, "2026-11-01 00:00:00", "2026-11-06 00:00:00");
	expect_next("0 0 13 * mon", no_zone, "2026-11-10 00:00:00", "2026-11-13 00:00:00");
	expect_next("0 0 1-31 * mon", no_zone, "2026-11-10 00:00:00", "2026-11-11 00:00:00");
}

static void
a_day_field_that_begins_with_a_star_leaves_it_to_the_other(void **state)
{
	(void) state;
	expect_next("0 0 * * fri", no_zone, "2026-11-01 00:00:00", "2026-11-06 00:00:00");
	expect_next("0 0 13 * *", no_zone, "2026-11-01 00:00:00", "2026-11-13 00:00:00");
	expect_next("0 0 */2 * fri", no_zone, "2026-11-01 00:00:00", "2026-11-13 00:00:00");
	expect_next("0 0 1-7 * */7", no_zone, "2026-11-02 00:00:00", "2026-12-06 00:00:00");
}

static void
leap_days_are_found_however_far(void **state)
{
	(void) state;
	expect_next("0 0 29 2 *", no_zone, "2026-01-01 00:00:00", "2028-02-29 00:00:00");
	expect_next("0 0 29 2 *", no_zone, "2096-02-29 00:00:00", "2104-02-29 00:00:00");
	expect_next("0 0 */28 2 mon", no_zone, "2072-03-01 00:00:00", "2077-02-01 00:00:00");
}

static void
what_never_occurs_is_never(void **state)
{
	static const char *const never[] = {
		"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30-31 feb *"
	};
	int64_t		run;

	(void) state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
	{
		Cron		cron = parse(never[i]);

		assert_false(cron_next(&cron, &no_zone, utc("2026-01-01 00:00:00"), &run));
		assert_false(cron_previous(&cron, &no_zone, utc("2026-01-01 00:00:00"), &run));
	}
}

static void
times_end_with_the_year_9999(void **state)
{
	Cron		cron = parse("0 0 1 1 *");
	int64_t		run;

	(void) state;
	assert_true(cron_next(&cron, &no_zone, INT64_MIN, &run));
	assert_int_equal(run, utc("0002-01-01 00:00:00"));
	assert_false(cron_next(&cron, &no_zone, utc("9999-01-01 00:00:00"), &run));
	assert_false(cron_next(&cron, &no_zone, INT64_MAX, &run));
	assert_true(cron_previous(&cron, &no_zone, INT64_MAX, &run));
	assert_int_equal(run, utc("9999-01-01 00:00:00"));
	assert_false(cron_previous(&cron, &no_zone, INT64_MIN, &run));
}

static void
a_skipped_time_runs_once_right_after_the_gap(void **state)
{
	Clock		berlin = zone_clock("Europe/Berlin");

	(void) state;
	expect_next("30 2 * * *", berlin, "2026-03-28 12:00:00", "2026-03-29 01:00:00");
	expect_next("30 2 * * *", berlin, "2026-03-29 01:00:00", "2026-03-30 00:30:00");
	expect_next("*/15 2 * * *", berlin, "2026-03-28 12:00:00", "2026-03-29 01:00:00");
	expect_next("*/15 2 * * *", berlin, "2026-03-29 01:00:00", "2026-03-30 00:00:00");
	expect_next("0 */2 * * *", berlin, "2026-03-28 23:00:00", "2026-03-29 01:00:00");
	expect_next("0 */2 * * *", berlin, "2026-03-29 01:00:00", "2026-03-29 02:00:00");
}

static void
a_time_right_after_the_gap_does_not_run_twice(void **state)
{
	Clock		berlin = zone_clock("Europe/Berlin");

	(void) state;
	expect_next("0 2,3 * * *", berlin, "2026-03-28 12:00:00", "2026-03-29 01:00:00");
	expect_next("0 2,3 * * *", berlin, "2026-03-29 01:00:00", "2026-03-30 00:00:00");
}

static void
a_repeated_time_runs_the_first_time_only(void **state)
{
	Clock		berlin = zone_clock("Europe/Berlin");

	(void) state;
	expect_next("30 2 * * *", berlin, "2026-10-24 12:00:00", "2026-10-25 00:30:00");
	expect_next("30 2 * * *", berlin, "2026-10-25 00:30:00", "2026-10-26 01:30:00");
	expect_next("30 2 * * *", berlin, "2026-10-25 01:29:00", "2026-10-26 01:30:00");
	expect_next("*/30 2-3 * * *", berlin, "2026-10-25 00:30:00", "2026-10-25 02:00:00");
}

static void
a_schedule_of_every_hour_runs_every_real_hour(void **state)
{
	Clock		berlin = zone_clock("Europe/Berlin");

	(void) state;
	expect_next("30 * * * *", berlin, "2026-10-25 00:30:00", "2026-10-25 01:30:00");
	expect_next("30 * * * *", berlin, "2026-10-25 01:30:00", "2026-10-25 02:30:00");
	expect_next("30 0-23 * * *", berlin, "2026-03-29 00:30:00", "2026-03-29 01:30:00");
	expect_next("@hourly", berlin, "2026-03-29 00:00:00", "2026-03-29 01:00:00");
}

static void
changes_of_the_clock_far_ahead_are_seen(void **state)
{
	Clock		berlin = zone_clock("Europe/Berlin");

	(void) state;
	expect_next("30 2 29 3 *", berlin, "2026-01-01 00:00:00", "2026-03-29 01:00:00");
	expect_next("30 2 25 10 *", berlin, "2026-01-01 00:00:00", "2026-10-25 00:30:00");
	expect_next("30 2 29 3 *", berlin, "2026-03-29 01:00:00", "2027-03-29 00:30:00");
}

static void
a_repeated_hour_counts_however_far_the_next_one_is(void **state)
{
	Clock		beirut = zone_clock("Asia/Beirut");

	(void) state;
	expect_next("30 * 24 10 *", beirut, "2026-10-24 20:30:00", "2026-10-24 21:30:00");
	expect_next("30 * 24 10 *", beirut, "2026-10-24 21:30:00", "2027-10-23 21:30:00");
}

static void
midnight_runs_where_the_clock_skips_it(void **state)
{
	Clock		beirut = zone_clock("Asia/Beirut");

	(void) state;
	expect_next("0 */6 * * *", beirut, "2026-03-28 16:00:00", "2026-03-28 22:00:00");
	expect_next("@daily", beirut, "2026-03-28 12:00:00", "2026-03-28 22:00:00");
}

static void
a_skipped_day_runs_once_when_the_next_begins(void **state)
{
	Clock		apia = zone_clock("Pacific/Apia");

	(void) state;
	expect_next("0 4,16 * * *", apia, "2011-12-30 02:00:00", "2011-12-30 10:00:00");
	expect_next("0 4,16 * * *", apia, "2011-12-30 10:00:00", "2011-12-30 14:00:00");
	expect_next("0 4 30 12 *", apia, "2011-01-01 00:00:00", "2011-12-30 10:00:00");
}

static void
the_previous_run_may_be_now(void **state)
{
	Cron		cron = parse("0 */6 * * *");
	int64_t		run;

	(void) state;
	assert_true(cron_previous(&cron, &no_zone, utc("2026-11-22 18:00:00"), &run));
	assert_int_equal(run, utc("2026-11-22 18:00:00"));
	assert_true(cron_previous(&cron, &no_zone, utc("2026-11-22 17:59:59"), &run));
	assert_int_equal(run, utc("2026-11-22 12:00:00"));
	cron = parse("0 0 29 2 *");
	assert_true(cron_previous(&cron, &no_zone, utc("2026-11-22 17:59:59"), &run));
	assert_int_equal(run, utc("2024-02-29 00:00:00"));
}

static void
what_downtime_missed_is_made_up_for_once(void **state)
{
	Cron		cron = parse("0 */6 * * *");
	int64_t		last = utc("2026-11-20 06:00:00");
	int64_t		now = utc("2026-11-22 17:00:00");
	int64_t		missed;

	(void) state;
	assert_true(cron_missed(&cron, &no_zone, last, now, &missed));
	assert_int_equal(missed, utc("2026-11-22 12:00:00"));
	assert_false(cron_missed(&cron, &no_zone, missed, now, &last));
}

static void
nothing_is_missed_before_it_is_due(void **state)
{
	Cron		cron = parse("0 */6 * * *");
	int64_t		last = utc("2026-11-22 12:00:03");
	int64_t		missed;

	(void) state;
	assert_false(cron_missed(&cron, &no_zone, last, utc("2026-11-22 17:59:59"), &missed));
	assert_true(cron_missed(&cron, &no_zone, last, utc("2026-11-22 18:00:00"), &missed));
	assert_false(cron_missed(&cron, &no_zone, last, utc("2026-11-01 00:00:00"), &missed));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lists_ranges_and_steps_mean_what_they_mean_to_cron),
		cmocka_unit_test(sunday_is_0_and_7),
		cmocka_unit_test(shorthands_stand_for_expressions),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(no_text_whatever_breaks_the_reader),
		cmocka_unit_test(the_next_run_is_strictly_later),
		cmocka_unit_test(one_of_two_restricted_day_fields_is_enough),
		cmocka_unit_test(a_day_field_that_begins_with_a_star_leaves_it_to_the_other),
		cmocka_unit_test(leap_days_are_found_however_far),
		cmocka_unit_test(what_never_occurs_is_never),
		cmocka_unit_test(times_end_with_the_year_9999),
		cmocka_unit_test(a_skipped_time_runs_once_right_after_the_gap),
		cmocka_unit_test(a_time_right_after_the_gap_does_not_run_twice),
		cmocka_unit_test(a_repeated_time_runs_the_first_time_only),
		cmocka_unit_test(a_schedule_of_every_hour_runs_every_real_hour),
		cmocka_unit_test(changes_of_the_clock_far_ahead_are_seen),
		cmocka_unit_test(a_repeated_hour_counts_however_far_the_next_one_is),
		cmocka_unit_test(midnight_runs_where_the_clock_skips_it),
		cmocka_unit_test(a_skipped_day_runs_once_when_the_next_begins),
		cmocka_unit_test(the_previous_run_may_be_now),
		cmocka_unit_test(what_downtime_missed_is_made_up_for_once),
		cmocka_unit_test(nothing_is_missed_before_it_is_due)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

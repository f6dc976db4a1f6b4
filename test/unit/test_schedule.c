/*
 * What is due, and when the next run is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/schedule.h"
#include "zone.h"

#define HOUR 3600
#define DAY (24 * HOUR)

/* A schedule that makes up for what it missed. */
static Schedule
a_schedule(const char *expression)
{
	Schedule	schedule = {.enabled = true, .catch_up = true};
	const char *problem;

	assert_true(cron_parse(expression, &schedule.cron, &problem));
	return schedule;
}

static void
assert_turn(ScheduleTurn turn, ScheduleAction action, const char *next_run)
{
	assert_int_equal(turn.action, action);
	assert_true(turn.has_next);
	assert_int_equal(turn.next_run, utc(next_run));
}

static void
a_new_schedule_waits_for_its_first_run(void **state)
{
	Schedule	schedule = a_schedule("0 */6 * * *");

	(void) state;
	assert_turn(schedule_decide(&schedule, NULL, utc("2026-03-01 06:00:00")),
				SCHEDULE_WAIT, "2026-03-01 12:00:00");
}

static void
nothing_happens_before_the_planned_run(void **state)
{
	Schedule	schedule = a_schedule("0 */6 * * *");
	int64_t		planned = utc("2026-03-01 12:00:00");

	(void) state;
	assert_turn(schedule_decide(&schedule, &planned, planned - 1),
				SCHEDULE_WAIT, "2026-03-01 12:00:00");
}

static void
the_planned_run_is_made_and_the_next_one_planned(void **state)
{
	Schedule	schedule = a_schedule("0 */6 * * *");
	int64_t		planned = utc("2026-03-01 12:00:00");

	(void) state;
	assert_turn(schedule_decide(&schedule, &planned, planned),
				SCHEDULE_RUN, "2026-03-01 18:00:00");
}

static void
one_run_makes_up_for_all_that_were_missed(void **state)
{
	Schedule	schedule = a_schedule("0 */6 * * *");
	int64_t		planned = utc("2026-03-01 12:00:00");

	(void) state;
	assert_turn(schedule_decide(&schedule, &planned, planned + 9 * DAY + 1),
				SCHEDULE_RUN, "2026-03-10 18:00:00");
}

static void
a_missed_run_is_not_made_up_for_if_that_is_not_wanted(void **state)
{
	Schedule	schedule = a_schedule("0 */6 * * *");
	int64_t		planned = utc("2026-03-01 12:00:00");

	(void) state;
	schedule.catch_up = false;
	assert_turn(schedule_decide(&schedule, &planned, planned + SCHEDULE_LATE_S),
				SCHEDULE_RUN, "2026-03-01 18:00:00");
	assert_turn(schedule_decide(&schedule, &planned,
								planned + SCHEDULE_LATE_S + 1),
				SCHEDULE_MISSED, "2026-03-01 18:00:00");
}

static void
a_disabled_schedule_plans_nothing(void **state)
{
	Schedule	schedule = a_schedule("0 */6 * * *");
	int64_t		planned = utc("2026-03-01 12:00:00");
	ScheduleTurn turn;

	(void) state;
	schedule.enabled = false;
	turn = schedule_decide(&schedule, &planned, planned + HOUR);
	assert_int_equal(turn.action, SCHEDULE_WAIT);
	assert_false(turn.has_next);
}

static void
a_plan_from_a_clock_that_was_wrong_is_given_up(void **state)
{
	Schedule	schedule = a_schedule("0 */6 * * *");
	int64_t		planned = utc("2036-03-01 12:00:00");

	(void) state;
	assert_turn(schedule_decide(&schedule, &planned, utc("2026-03-01 11:00:00")),
				SCHEDULE_WAIT, "2026-03-01 12:00:00");
}

static void
an_expression_that_never_runs_has_no_next_run(void **state)
{
	Schedule	schedule = a_schedule("0 0 30 2 *");
	ScheduleTurn turn = schedule_decide(&schedule, NULL, 0);

	(void) state;
	assert_int_equal(turn.action, SCHEDULE_WAIT);
	assert_false(turn.has_next);
}

static void
the_time_zone_decides_when_it_is_noon(void **state)
{
	Schedule	schedule = a_schedule("0 12 * * *");

	(void) state;
	schedule.clock = zone_clock("Europe/Berlin");
	assert_turn(schedule_decide(&schedule, NULL, utc("2026-03-28 00:00:00")),
				SCHEDULE_WAIT, "2026-03-28 11:00:00");
	assert_turn(schedule_decide(&schedule, NULL, utc("2026-03-29 00:00:00")),
				SCHEDULE_WAIT, "2026-03-29 10:00:00");
}

static void
jitter_puts_runs_off_within_its_bounds(void **state)
{
	Schedule	schedule = a_schedule("0 * * * *");
	int64_t		least = HOUR;
	int64_t		most = 0;

	(void) state;
	schedule.jitter = 600;
	for (int64_t hour = 0; hour < 1000; hour++)
	{
		int64_t		next;

		assert_true(schedule_next(&schedule, hour * HOUR - 1, &next));
		assert_in_range(next - hour * HOUR, 0, 600);
		least = (next - hour * HOUR < least) ? next - hour * HOUR : least;
		most = (next - hour * HOUR > most) ? next - hour * HOUR : most;
	}
	assert_true(least < 10);
	assert_true(most > 590);
}

static void
jitter_differs_between_servers_and_not_between_questions(void **state)
{
	Schedule	one = a_schedule("0 * * * *");
	Schedule	other;
	int64_t		first;
	int64_t		again;
	int64_t		others;

	(void) state;
	one.jitter = 600;
	other = one;
	other.seed = 1;
	assert_true(schedule_next(&one, 0, &first));
	assert_true(schedule_next(&one, 0, &again));
	assert_true(schedule_next(&other, 0, &others));
	assert_int_equal(first, again);
	assert_int_not_equal(first, others);
}

static void
a_run_that_was_put_off_is_followed_by_the_next_one(void **state)
{
	Schedule	schedule = a_schedule("0 * * * *");
	int64_t		now = 0;

	(void) state;
	schedule.jitter = 600;
	for (int64_t hour = 1; hour < 1000; hour++)
	{
		ScheduleTurn turn = schedule_decide(&schedule, &now, now);

		assert_int_equal(turn.action, SCHEDULE_RUN);
		assert_int_equal(turn.next_run / HOUR, hour);
		now = turn.next_run;
	}
}

static void
sixty_days_with_downtime_miss_only_what_one_run_made_up_for(void **state)
{
	Schedule	schedule = a_schedule("0 */6 * * *");
	int64_t		now = utc("2026-03-01 00:00:00");
	int64_t		end = now + 60 * DAY;
	int64_t		planned;
	int			runs = 0;

	(void) state;
	planned = schedule_decide(&schedule, NULL, now).next_run;
	while (planned <= end)
	{
		ScheduleTurn turn;

		/* Three days of downtime after the 40th run: 12 runs become one. */
		now = (runs == 40) ? planned + 3 * DAY - 1 : planned;
		turn = schedule_decide(&schedule, &planned, now);
		assert_int_equal(turn.action, SCHEDULE_RUN);
		runs++;
		planned = turn.next_run;
	}
	assert_int_equal(runs, 60 * 4 - 11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_schedule_waits_for_its_first_run),
		cmocka_unit_test(nothing_happens_before_the_planned_run),
		cmocka_unit_test(the_planned_run_is_made_and_the_next_one_planned),
		cmocka_unit_test(one_run_makes_up_for_all_that_were_missed),
		cmocka_unit_test(a_missed_run_is_not_made_up_for_if_that_is_not_wanted),
		cmocka_unit_test(a_disabled_schedule_plans_nothing),
		cmocka_unit_test(a_plan_from_a_clock_that_was_wrong_is_given_up),
		cmocka_unit_test(an_expression_that_never_runs_has_no_next_run),
		cmocka_unit_test(the_time_zone_decides_when_it_is_noon),
		cmocka_unit_test(jitter_puts_runs_off_within_its_bounds),
		cmocka_unit_test(jitter_differs_between_servers_and_not_between_questions),
		cmocka_unit_test(a_run_that_was_put_off_is_followed_by_the_next_one),
		cmocka_unit_test(sixty_days_with_downtime_miss_only_what_one_run_made_up_for)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

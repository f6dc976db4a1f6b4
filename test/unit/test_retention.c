/*
 * Retention: roles, tiers and the minimum, each rule by itself.
 *
 * The calendar of the tests: 2026-11-01 is a Sunday and the first of a month,
 * 2026-11-22 a Sunday.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "few_backups.h"
#include "zone.h"

static void
no_backups_need_no_decision(void **state)
{
	(void) state;
	assert_int_equal(decide("2026-11-25 18:00:00"), 0);
}

static void
every_backup_of_the_last_seven_days_is_kept(void **state)
{
	int			eighth = add("2026-11-17 23:59:59");
	int			seventh = add("2026-11-18 00:00:00");
	int			another = add("2026-11-18 06:00:00");

	(void) state;
	add("2026-11-16 00:00:00");
	add("2026-11-15 00:00:00");
	add_recent();
	assert_int_equal(decide("2026-11-25 18:00:00"), 2);
	expect_deleted(eighth);
	expect_kept(seventh, KEEP_DAILY);
	expect_kept(another, KEEP_DAILY);
	expect_text(eighth, "daily, older than 7 days");
	expect_text(seventh, "daily");
}

static void
sundays_are_kept_for_four_weeks(void **state)
{
	int			too_old = add("2026-10-25 12:00:00");
	int			monthly = add("2026-11-01 12:00:00");
	int			sunday = add("2026-11-15 00:00:00");
	int			evening = add("2026-11-15 18:00:00");

	(void) state;
	add("2026-10-02 00:00:00");
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_deleted(too_old);
	expect_kept(monthly, KEEP_WEEKLY | KEEP_MONTHLY);
	expect_kept(sunday, KEEP_WEEKLY);
	expect_kept(evening, KEEP_WEEKLY);
	expect_text(too_old, "weekly, older than 4 weeks");
	expect_text(sunday, "weekly, made on a Sunday");
	expect_text(monthly, "monthly, made on the first of a month");
}

static void
firsts_are_kept_for_twelve_months(void **state)
{
	int			too_old = add("2025-11-01 12:00:00");
	int			first = add("2025-12-01 12:00:00");

	(void) state;
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_deleted(too_old);
	expect_kept(first, KEEP_MONTHLY);
	expect_text(too_old, "monthly, older than 12 months");
}

static void
twelve_months_end_with_the_same_date(void **state)
{
	int			first = add("2025-11-01 00:00:00");

	(void) state;
	add("2026-11-01 12:00:00");
	add("2026-11-01 18:00:00");
	decide("2026-11-01 18:00:00");
	expect_kept(first, KEEP_MONTHLY);

	add("2026-11-02 00:00:00");
	decide("2026-11-02 00:00:00");
	expect_deleted(first);
}

static void
a_missing_sunday_is_taken_over_by_the_next_day_there_is(void **state)
{
	int			saturday = add("2026-11-07 18:00:00");
	int			tuesday = add("2026-11-10 06:00:00");
	int			later = add("2026-11-10 12:00:00");

	(void) state;
	add("2026-11-01 00:00:00");
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_deleted(saturday);
	expect_kept(tuesday, KEEP_WEEKLY);
	expect_deleted(later);
	assert_true(backups[tuesday].promoted);
	expect_text(tuesday, "weekly, the first after a missing Sunday");
}

static void
a_missing_first_is_taken_over_by_the_next_day_there_is(void **state)
{
	int			third = add("2026-09-03 06:00:00");
	int			fourth = add("2026-09-04 06:00:00");

	(void) state;
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_kept(third, KEEP_MONTHLY);
	expect_deleted(fourth);
	expect_text(third, "monthly, the first after a missing first of the month");
}

static void
a_failed_sunday_is_a_missing_sunday(void **state)
{
	int			monday = add("2026-11-09 00:00:00");

	(void) state;
	add_state("2026-11-08 00:00:00", RETENTION_DAMAGED);
	add_state("2026-11-08 06:00:00", RETENTION_UNVERIFIED);
	add_recent();
	decide("2026-11-25 18:00:00");
	assert_true(backups[monday].reasons & KEEP_WEEKLY);
}

static void
days_are_those_of_the_time_zone(void **state)
{
	int			sunday_in_tokyo = add("2026-11-14 15:00:00");
	int			monday_in_tokyo = add("2026-11-15 15:00:00");

	(void) state;
	add("2026-11-01 00:00:00");
	add_recent();
	policy.clock = zone_clock("Asia/Tokyo");
	decide("2026-11-25 18:00:00");
	expect_kept(sunday_in_tokyo, KEEP_WEEKLY);
	expect_deleted(monday_in_tokyo);
}

/* On 2006-10-29, a Sunday, the clock there went from 0:01 back to 23:01. */
static void
a_saturday_that_comes_back_takes_no_role(void **state)
{
	int			saturday;

	(void) state;
	add("2006-10-01 12:00:00");
	add("2006-10-22 12:00:00");
	add("2006-10-29 02:30:30");
	saturday = add("2006-10-29 03:00:00");
	add("2006-11-10 12:00:00");
	add("2006-11-10 18:00:00");
	policy.clock = zone_clock("America/St_Johns");
	decide("2006-11-10 18:00:00");
	expect_deleted(saturday);
}

static void
kinds_do_not_displace_each_other(void **state)
{
	int			full = add("2026-11-10 06:00:00");
	int			schema = add("2026-11-08 06:00:00");

	(void) state;
	backups[schema].kind = 2;
	add("2026-11-01 00:00:00");
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_kept(full, KEEP_WEEKLY);
	expect_kept(schema, KEEP_DAILY | KEEP_WEEKLY | KEEP_MONTHLY | KEEP_MINIMUM);
}

static void
nothing_ages_while_backups_fail(void **state)
{
	int			old = add("2026-11-19 06:00:00");

	(void) state;
	add_recent();
	add_state("2027-05-01 00:00:00", RETENTION_DAMAGED);
	assert_int_equal(decide("2027-05-02 00:00:00"), 0);
	assert_true(backups[old].reasons & KEEP_DAILY);
}

static void
the_newest_good_ones_are_kept_whatever_their_age(void **state)
{
	int			third = add("2026-11-02 00:00:00");
	int			second = add("2026-11-03 00:00:00");
	int			first = add("2026-11-25 00:00:00");

	(void) state;
	policy.weekly_weeks = policy.monthly_months = 0;
	add_state("2026-11-26 00:00:00", RETENTION_DAMAGED);
	decide("2026-11-26 00:00:00");
	expect_deleted(third);
	expect_kept(second, KEEP_MINIMUM);
	expect_kept(first, KEEP_MINIMUM | KEEP_DAILY);
	expect_text(second, "among the newest good ones");
}

static void
without_tiers_the_newest_one_is_kept_at_least(void **state)
{
	int			older = add("2026-11-24 00:00:00");
	int			newest = add("2026-11-25 00:00:00");

	(void) state;
	policy.daily_days = policy.weekly_weeks = policy.monthly_months = -1;
	policy.minimum = 0;
	decide("2026-11-25 00:00:00");
	expect_deleted(older);
	expect_kept(newest, KEEP_MINIMUM);
	expect_text(older, "in no tier");
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, begin)
	const struct CMUnitTest tests[] = {
		TEST(no_backups_need_no_decision),
		TEST(every_backup_of_the_last_seven_days_is_kept),
		TEST(sundays_are_kept_for_four_weeks),
		TEST(firsts_are_kept_for_twelve_months),
		TEST(twelve_months_end_with_the_same_date),
		TEST(a_missing_sunday_is_taken_over_by_the_next_day_there_is),
		TEST(a_missing_first_is_taken_over_by_the_next_day_there_is),
		TEST(a_failed_sunday_is_a_missing_sunday),
		TEST(days_are_those_of_the_time_zone),
		TEST(a_saturday_that_comes_back_takes_no_role),
		TEST(kinds_do_not_displace_each_other),
		TEST(nothing_ages_while_backups_fail),
		TEST(the_newest_good_ones_are_kept_whatever_their_age),
		TEST(without_tiers_the_newest_one_is_kept_at_least)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

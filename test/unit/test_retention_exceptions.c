/*
 * Retention: what is kept beside the tiers, what is deleted whatever they say,
 * and what waits; each rule by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "few_backups.h"
#include "zone.h"

static void
pinned_ones_stay(void **state)
{
	int			pinned = add("2020-05-05 00:00:00");

	(void) state;
	backups[pinned].pinned = true;
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_kept(pinned, KEEP_PINNED);
	expect_text(pinned, "pinned");
}

static void
locked_ones_stay_until_the_store_deletes_them(void **state)
{
	int			locked = add("2020-05-05 00:00:00");
	int			unlocked = add("2020-05-06 00:00:00");
	int64_t		now = INT64_C(1795629600);	/* the time of the decision below */

	(void) state;
	add_recent();
	backups[locked].locked_until = now + 60;
	backups[unlocked].locked_until = now;
	decide("2026-11-25 18:00:00");
	expect_kept(locked, KEEP_LOCKED);
	expect_text(locked, "locked until 2026-11-25 18:01 UTC");
	expect_deleted(unlocked);
}

static void
a_parent_lives_as_long_as_its_children(void **state)
{
	int			base = add("2025-05-02 00:00:00");
	int			middle = add_child("2025-05-03 00:00:00", base);
	int			leaf = add_child("2026-11-24 00:00:00", middle);

	(void) state;
	add("2025-05-01 00:00:00");
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_kept(base, KEEP_NEEDED);
	expect_kept(middle, KEEP_NEEDED);
	assert_true(backups[leaf].reasons & KEEP_DAILY);
	expect_text(base, "needed by one that builds on it");
}

static void
a_running_backup_keeps_what_it_builds_on(void **state)
{
	int			base = add("2025-05-02 00:00:00");
	int			running = add_child("2026-11-25 18:00:00", base);

	(void) state;
	backups[running].state = RETENTION_RUNNING;
	add("2025-05-01 00:00:00");
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_kept(running, KEEP_RUNNING);
	expect_kept(base, KEEP_NEEDED);
}

static void
whatever_builds_on_a_damaged_one_is_not_good(void **state)
{
	int			base = add_state("2026-11-22 00:00:00", RETENTION_DAMAGED);
	int			child = add_child("2026-11-25 20:00:00", base);

	(void) state;
	add_recent();
	decide("2026-11-25 21:00:00");
	expect_kept(child, KEEP_UNPROVEN);
	expect_kept(base, KEEP_UNPROVEN | KEEP_NEEDED);
	expect_text(child, "builds on one that is missing or not verified; not superseded for long");
}

static void
a_child_without_its_parent_is_not_good(void **state)
{
	int			orphan = add_child("2026-11-10 00:00:00", -5);
	int			beyond = add_child("2026-11-10 00:00:00", 1000);
	int			circle = add_child("2026-11-10 00:00:00", backup_count);

	(void) state;
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_deleted(orphan);
	expect_deleted(beyond);
	expect_deleted(circle);
}

static void
one_that_is_not_good_can_be_looked_at_for_a_week(void **state)
{
	int			gone = add_state("2026-11-10 00:00:00", RETENTION_DAMAGED);
	int			found_late = add_state("2026-11-10 00:00:00", RETENTION_DAMAGED);
	int			unverified = add_state("2026-11-17 00:00:00", RETENTION_UNVERIFIED);

	(void) state;
	backups[found_late].touched_at = utc("2026-11-24 00:00:00");
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_deleted(gone);
	expect_text(gone, "its verification failed, superseded for long");
	expect_kept(found_late, KEEP_UNPROVEN);
	expect_text(found_late, "its verification failed; not superseded for long");
	expect_deleted(unverified);
	expect_text(unverified, "never verified, superseded for long");
}

static void
without_a_good_one_the_others_are_all_there_is(void **state)
{
	int			damaged = add_state("2020-11-10 00:00:00", RETENTION_DAMAGED);
	int			unverified = add_state("2021-11-10 00:00:00", RETENTION_UNVERIFIED);

	(void) state;
	decide("2026-11-25 18:00:00");
	expect_kept(damaged, KEEP_UNPROVEN);
	expect_kept(unverified, KEEP_UNPROVEN);
}

static void
an_unfinished_one_goes_after_a_day_of_silence(void **state)
{
	int			silent = add_state("2026-11-23 00:00:00", RETENTION_UNFINISHED);
	int			written_to = add_state("2026-11-23 00:00:00", RETENTION_UNFINISHED);

	(void) state;
	backups[written_to].touched_at = utc("2026-11-24 18:00:00");
	policy.confirmed = false;
	assert_int_equal(decide("2026-11-25 18:00:00"), 1);
	expect_deleted(silent);
	expect_text(silent, "unfinished, not written to for a while");
	expect_kept(written_to, KEEP_UNFINISHED);
}

static void
a_deletion_that_has_begun_is_finished(void **state)
{
	int			begun = add_state("2026-11-25 00:00:00", RETENTION_DELETING);
	int			child = add_child("2026-11-25 06:00:00", begun);

	(void) state;
	backups[begun].pinned = true;
	policy.confirmed = false;
	add_recent();
	decide("2026-11-25 18:00:00");
	expect_deleted(begun);
	expect_text(begun, "its deletion has begun");
	expect_kept(child, KEEP_UNPROVEN);
}

static void
one_from_the_future_makes_no_other_one_older(void **state)
{
	int			old = add("2026-11-19 06:00:00");
	int			future = add("2099-01-01 00:00:00");

	(void) state;
	add_recent();
	decide("2026-12-25 00:00:00");
	assert_true(backups[old].reasons & KEEP_DAILY);
	expect_kept(future, KEEP_FUTURE);
	expect_text(future, "dated in the future");
}

static void
one_from_the_future_is_not_in_the_minimum(void **state)
{
	int			old = add("2026-11-02 06:00:00");
	int			newest = add("2026-11-25 06:00:00");

	(void) state;
	policy.weekly_weeks = policy.monthly_months = 0;
	add("2099-01-01 00:00:00");
	add("2099-01-02 00:00:00");
	decide("2026-11-25 06:00:00");
	expect_kept(old, KEEP_MINIMUM);
	expect_kept(newest, KEEP_DAILY | KEEP_MINIMUM);
}

static void
the_loss_of_more_than_half_waits_for_confirmation(void **state)
{
	int			old[3];

	(void) state;
	add_recent();
	add("2020-11-01 00:00:00");
	for (int i = 0; i < 3; i++)
		old[i] = add("2020-11-10 00:00:00");
	policy.confirmed = false;
	assert_int_equal(decide("2026-11-25 18:00:00"), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(backups[old[i]].decision, RETENTION_CONFIRM);
	expect_text(old[1], "daily, older than 7 days; to be confirmed, as more than half of a kind would go");

	policy.confirmed = true;
	assert_int_equal(decide("2026-11-25 18:00:00"), 4);
}

static void
the_loss_of_half_does_not_wait(void **state)
{
	(void) state;
	add_recent();
	add("2020-11-01 00:00:00");
	add("2020-11-10 00:00:00");
	policy.confirmed = false;
	assert_int_equal(decide("2026-11-25 18:00:00"), 2);
}

static void
failed_ones_make_no_room_for_the_loss_of_good_ones(void **state)
{
	(void) state;
	add_recent();
	for (int i = 0; i < 3; i++)
		add("2020-11-10 00:00:00");
	for (int i = 0; i < 20; i++)
		add_state("2026-11-25 00:00:00", RETENTION_DAMAGED);
	policy.confirmed = false;
	assert_int_equal(decide("2026-11-25 18:00:00"), 0);
}

static void
only_the_kind_that_loses_half_waits(void **state)
{
	int			other;

	(void) state;
	add_recent();
	for (int i = 0; i < 3; i++)
		add("2020-11-10 00:00:00");
	other = add("2020-11-10 00:00:00");
	backups[other].kind = 2;
	for (int i = 0; i < 3; i++)
		backups[add("2026-11-25 00:00:00")].kind = 2;
	policy.confirmed = false;
	assert_int_equal(decide("2026-11-25 18:00:00"), 1);
	expect_deleted(other);
}

static void
children_are_deleted_before_their_parents(void **state)
{
	int			leaf = add_child("2020-11-10 00:00:00", 2);
	int			middle;

	(void) state;
	add_recent();
	backups[leaf].parent = backup_count;
	middle = add_child("2020-11-11 00:00:00", backup_count + 1);
	add("2020-11-12 00:00:00");
	assert_int_equal(decide("2026-11-25 18:00:00"), 3);
	assert_ptr_equal(order[0], &backups[leaf]);
	assert_ptr_equal(order[1], &backups[middle]);
	assert_ptr_equal(order[2], &backups[middle + 1]);
}

static void
absurd_figures_do_no_harm(void **state)
{
	(void) state;
	add("2026-11-25 00:00:00");
	backups[add("2026-11-25 00:00:00")].made_at = INT64_MIN;
	backups[add("2026-11-25 00:00:00")].made_at = INT64_MAX;
	backups[add("2026-11-25 00:00:00")].touched_at = INT64_MAX;
	policy.daily_days = policy.weekly_weeks = INT32_MAX;
	policy.monthly_months = policy.minimum = INT32_MAX;
	policy.unfinished_hours = INT32_MAX;
	assert_int_equal(decide("2026-11-25 00:00:00"), 0);
	policy.daily_days = policy.weekly_weeks = INT32_MIN;
	policy.monthly_months = policy.minimum = INT32_MIN;
	policy.unfinished_hours = INT32_MIN;
	assert_int_equal(decide("2026-11-25 00:00:00"), 2);
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, begin)
	const struct CMUnitTest tests[] = {
		TEST(locked_ones_stay_until_the_store_deletes_them),
		TEST(pinned_ones_stay),
		TEST(a_parent_lives_as_long_as_its_children),
		TEST(a_running_backup_keeps_what_it_builds_on),
		TEST(whatever_builds_on_a_damaged_one_is_not_good),
		TEST(a_child_without_its_parent_is_not_good),
		TEST(one_that_is_not_good_can_be_looked_at_for_a_week),
		TEST(without_a_good_one_the_others_are_all_there_is),
		TEST(an_unfinished_one_goes_after_a_day_of_silence),
		TEST(a_deletion_that_has_begun_is_finished),
		TEST(one_from_the_future_makes_no_other_one_older),
		TEST(one_from_the_future_is_not_in_the_minimum),
		TEST(the_loss_of_more_than_half_waits_for_confirmation),
		TEST(the_loss_of_half_does_not_wait),
		TEST(failed_ones_make_no_room_for_the_loss_of_good_ones),
		TEST(only_the_kind_that_loses_half_waits),
		TEST(children_are_deleted_before_their_parents),
		TEST(absurd_figures_do_no_harm)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

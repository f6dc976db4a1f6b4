/*
 * Retention: years of backups, cleaned up after each, by whose end no tier
 * may have lost what it ever had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "history.h"
#include "random_numbers.h"

#define EVER 6000

/* Every good backup that was ever made, whether or not it still exists. */
static Date ever[EVER];
static int	ever_count;

/* Was the last backup of a period, if any was ever made, cleaned away? */
static bool
period_is_lost(const History *history, const Date *date,
			   bool (*same_period) (const Date *a, const Date *b))
{
	for (int i = 0; i < history->count; i++)
	{
		Date		left = date_of(history->backups[i].made_at);

		if (history->backups[i].state == RETENTION_VERIFIED &&
			same_period(&left, date))
			return false;
	}
	return true;
}

/* Each day, week and month within its tier still has what it ever had. */
static void
check_coverage(const History *history)
{
	const Date *newest = &ever[ever_count - 1];

	for (int i = ever_count - 1; i >= 0; i--)
	{
		if (newest->day - ever[i].day <= 7)
			assert_false(period_is_lost(history, &ever[i], same_day));
		if (newest->day - (ever[i].day - ever[i].weekday) <= 28)
			assert_false(period_is_lost(history, &ever[i], same_week));
		if (12 * (newest->year - ever[i].year) + newest->month -
			ever[i].month < 12)
			assert_false(period_is_lost(history, &ever[i], same_month));
		if (newest->day - ever[i].day > 400)
			break;
	}
}

static void
make_backup(History *history, int64_t moment)
{
	RetentionBackup *backup = &history->backups[history->count];

	assert_true(history->count < HISTORY_CAPACITY);
	memset(backup, 0, sizeof(*backup));
	backup->state = random_one_in(6) ? RETENTION_DAMAGED : RETENTION_VERIFIED;
	backup->parent = RETENTION_NO_PARENT;
	backup->made_at = backup->touched_at = moment;
	history->count++;
	if (backup->state == RETENTION_VERIFIED)
		ever[ever_count++] = date_of(moment);
}

/* Three years, one or two backups a day, with outages of up to two months. */
static void
live_through_years(History *history)
{
	int64_t		moment = INT64_C(1684281600);
	int64_t		end = moment + 3 * 365 * DAY;

	history->count = ever_count = 0;
	while (moment < end)
	{
		make_backup(history, moment);
		history->now = moment + 60;
		history->policy.confirmed = random_one_in(10);
		history_decide(history);
		history_take_away(history, is_deleted);
		if (ever_count > 0 && random_one_in(5))
			check_coverage(history);
		moment += random_between(1, 3) * 43200;
		if (random_one_in(60))
			moment += random_between(1, 60) * DAY;
	}
}

static void
no_tier_is_emptied_in_years_of_outages_and_failures(void **state)
{
	static History history;
	const RetentionPolicy policy = {7, 4, 12, 2, 24, false, {NULL, NULL}};

	(void) state;
	random_seed(7);
	for (int i = 0; i < 80; i++)
	{
		history.policy = policy;
		history.policy.clock = history_clock(i);
		live_through_years(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_tier_is_emptied_in_years_of_outages_and_failures)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

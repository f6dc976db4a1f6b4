/*
 * Retention: its promises, one by one, over random histories.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "history.h"
#include "random_numbers.h"

#define HISTORIES 120000

/* Is it a good one, and in the calendar before all others of its period? */
static bool
is_first_in(const History *history, int place,
			bool (*same_period) (const Date *a, const Date *b))
{
	const Date *date = &history->dates[place];

	for (int i = 0; i < history->count; i++)
	{
		const Date *other = &history->dates[i];

		if (i == place || !history->good[i] || !same_period(date, other) ||
			history->backups[i].kind != history->backups[place].kind)
			continue;
		if (other->day < date->day ||
			(other->day == date->day && is_newer(history, place, i)))
			return false;
	}
	return history->good[place];
}

/* Is a date at most so many calendar months before another one? */
static bool
within_months(const Date *date, const Date *newest, int months)
{
	int			passed = 12 * (newest->year - date->year) +
		newest->month - date->month;
	struct tm	next_month = {.tm_year = date->year - 1900,
		.tm_mon = date->month, .tm_mday = 0};

	if (passed != months)
		return passed < months;

	/* The last day of a month stands for those that it lacks. */
	(void) timegm(&next_month);
	return date->day_of_month >= newest->day_of_month ||
		date->day_of_month == next_month.tm_mday;
}

static bool
has(const History *history, int place, unsigned reason)
{
	return (history->backups[place].reasons & reason) != 0;
}

static void
check_daily(const History *history, int i)
{
	int			days = history->policy.daily_days;

	assert_int_equal(has(history, i, KEEP_DAILY),
					 history->good[i] && days > 0 &&
					 history->dates[history->newest[i]].day -
					 history->dates[i].day <= days);
}

static void
check_weekly(const History *history, int i)
{
	int			weeks = history->policy.weekly_weeks;

	assert_int_equal(has(history, i, KEEP_WEEKLY),
					 history->good[i] && weeks > 0 &&
					 history->dates[history->newest[i]].day -
					 history->dates[i].day <= 7 * weeks &&
					 (history->dates[i].weekday == 0 ||
					  is_first_in(history, i, same_week)));
}

static void
check_monthly(const History *history, int i)
{
	int			months = history->policy.monthly_months;

	assert_int_equal(has(history, i, KEEP_MONTHLY),
					 history->good[i] && months > 0 &&
					 within_months(&history->dates[i],
								   &history->dates[history->newest[i]],
								   months) &&
					 (history->dates[i].day_of_month == 1 ||
					  is_first_in(history, i, same_month)));
}

/* One is in the minimum if fewer good ones than that are newer. */
static void
check_minimum(const History *history, int i)
{
	int			minimum = history->policy.minimum;
	int			newer = 0;

	for (int j = 0; j < history->count; j++)
		newer += history->good[j] && is_newer(history, j, i) &&
			history->backups[j].kind == history->backups[i].kind;
	assert_int_equal(has(history, i, KEEP_MINIMUM),
					 history->good[i] && newer < (minimum < 1 ? 1 : minimum));
}

static void
check_own_reasons(const History *history, int i)
{
	const RetentionBackup *backup = &history->backups[i];
	bool		lives = backup->state != RETENTION_DELETING;
	int64_t		touched_at = backup->touched_at > backup->made_at ?
		backup->touched_at : backup->made_at;
	int64_t		silence = history->now - touched_at;

	assert_int_equal(has(history, i, KEEP_PINNED), lives && backup->pinned);
	assert_int_equal(has(history, i, KEEP_WINDOW), lives && backup->base_of_window);
	assert_int_equal(has(history, i, KEEP_LOCKED),
					 lives && backup->locked_until > history->now);
	assert_int_equal(has(history, i, KEEP_RUNNING),
					 backup->state == RETENTION_RUNNING);
	assert_int_equal(has(history, i, KEEP_FUTURE),
					 is_sound(history, i) && backup->made_at > history->now);
	assert_int_equal(has(history, i, KEEP_UNFINISHED),
					 backup->state == RETENTION_UNFINISHED &&
					 (silence < 0 ||
					  silence <= 3600 * history->policy.unfinished_hours));
}

static void
check_unproven(const History *history, int i)
{
	const RetentionBackup *backup = &history->backups[i];
	int64_t		touched_at = backup->touched_at > backup->made_at ?
		backup->touched_at : backup->made_at;
	int			days = history->policy.daily_days;
	bool		recent = true;

	if (touched_at > history->now)
		touched_at = history->now;
	if (history->newest[i] >= 0)
		recent = history->dates[history->newest[i]].day -
			date_of(touched_at).day <= (days < 0 ? 0 : days);
	assert_int_equal(has(history, i, KEEP_UNPROVEN),
					 is_complete(backup) && !is_sound(history, i) && recent);
}

/* One is needed if and only if a kept one builds on it. */
static void
check_needed(const History *history, int i)
{
	bool		needed = false;

	for (int child = 0; child < history->count; child++)
		needed = needed || (history->backups[child].parent == i &&
							history->backups[child].reasons != 0);
	assert_int_equal(has(history, i, KEEP_NEEDED),
					 needed && history->backups[i].state != RETENTION_DELETING);
}

static void
check_decision(const History *history, int i)
{
	const RetentionBackup *backup = &history->backups[i];

	assert_int_equal(backup->decision == RETENTION_KEEP, backup->reasons != 0);
	if (backup->decision == RETENTION_CONFIRM)
		assert_false(history->policy.confirmed);
	if (backup->state == RETENTION_DELETING)
		assert_int_equal(backup->decision, RETENTION_DELETE);
}

/* Nobody loses more than half of a kind unasked. */
static void
check_half(const History *history, int kind)
{
	int			total[2] = {0, 0};
	int			lost[2] = {0, 0};

	for (int i = 0; i < history->count; i++)
	{
		const RetentionBackup *backup = &history->backups[i];
		bool		verified = backup->state == RETENTION_VERIFIED;

		if (backup->kind != kind || !is_complete(backup))
			continue;
		total[0]++;
		total[1] += verified;
		lost[0] += backup->decision == RETENTION_DELETE;
		lost[1] += verified && backup->decision == RETENTION_DELETE;
	}
	if (!history->policy.confirmed)
		assert_true(2 * lost[0] <= total[0] && 2 * lost[1] <= total[1]);
}

/* Wherever the deletion stops, nothing that is left has lost its parent. */
static void
check_order(const History *history)
{
	bool		gone[HISTORY_CAPACITY] = {false};

	for (int i = 0; i < history->deletions; i++)
	{
		int			place = (int) (history->order[i] - history->backups);

		assert_int_equal(history->backups[place].decision, RETENTION_DELETE);
		assert_false(gone[place]);
		gone[place] = true;
		if (history->backups[place].state == RETENTION_DELETING)
			continue;
		for (int child = 0; child < history->count; child++)
		{
			if (history->backups[child].parent == place && !gone[child])
				assert_false(is_sound(history, child));
		}
	}
	for (int i = 0; i < history->count; i++)
		assert_int_equal(history->backups[i].decision == RETENTION_DELETE,
						 gone[i]);
}

static void
check_explanation(const History *history, int i)
{
	char		text[RETENTION_TEXT_SIZE];

	retention_explain(&history->policy, &history->backups[i], text);
	assert_true(strlen(text) > 0 && strlen(text) < RETENTION_TEXT_SIZE - 20);
}

static void
check_promises(const History *history)
{
	for (int i = 0; i < history->count; i++)
	{
		check_daily(history, i);
		check_weekly(history, i);
		check_monthly(history, i);
		check_minimum(history, i);
		check_own_reasons(history, i);
		check_unproven(history, i);
		check_needed(history, i);
		check_decision(history, i);
		check_explanation(history, i);
	}
	for (int kind = 1; kind <= 3; kind++)
		check_half(history, kind);
	check_order(history);
}

static bool
is_of_another_kind(const RetentionBackup *backup)
{
	return backup->kind != 1;
}

/* After a clean-up there is nothing left to clean up. */
static void
check_second_cleanup(const History *history)
{
	History		after = *history;

	history_take_away(&after, is_deleted);
	history_decide(&after);
	assert_int_equal(after.deletions, 0);
}

/* Time that passes without a good backup deletes nothing that was complete. */
static void
check_time_alone(const History *history)
{
	History		before = *history;
	History		later;

	for (int i = 0; i < before.count; i++)
	{
		/* What is unfinished does go, and with it the need for a parent. */
		if (before.backups[i].state == RETENTION_UNFINISHED)
			before.backups[i].state = RETENTION_RUNNING;
		/* And locks end. */
		before.backups[i].locked_until = 0;
		if (before.backups[i].made_at > before.now)
			return;
	}
	later = before;
	later.now += random_between(0, 1000) * DAY;
	history_decide(&before);
	history_decide(&later);
	for (int i = 0; i < before.count; i++)
		assert_int_equal(later.backups[i].decision,
						 before.backups[i].decision);
}

/* Failed backups, however many, change nothing for the others. */
static void
check_failures(const History *history)
{
	History		more = *history;

	while (more.count < HISTORY_CAPACITY && !random_one_in(6))
	{
		history_random_backup(&more, more.count, more.now - random_between(0, 9) * DAY);
		more.backups[more.count].state = RETENTION_DAMAGED;
		more.backups[more.count].parent = RETENTION_NO_PARENT;
		more.count++;
	}
	for (int i = 0; i < history->count; i++)
	{
		/* A parent that was missing must not become one of those. */
		if (more.backups[i].parent >= history->count)
			more.backups[i].parent = -2;
	}
	history_decide(&more);
	for (int i = 0; i < history->count; i++)
		assert_int_equal(more.backups[i].reasons, history->backups[i].reasons);
	for (int kind = 1; kind <= 3; kind++)
		check_half(&more, kind);
}

/* A kind that is alone is treated as among others. */
static void
check_kinds(const History *history)
{
	History		alone = *history;
	int			place = 0;

	for (int i = 0; i < history->count; i++)
	{
		int			parent = history->backups[i].parent;

		if (parent >= 0 && parent < history->count &&
			history->backups[parent].kind != history->backups[i].kind)
			return;
	}
	history_take_away(&alone, is_of_another_kind);
	history_decide(&alone);
	for (int i = 0; i < history->count; i++)
	{
		if (history->backups[i].kind != 1)
			continue;
		assert_int_equal(alone.backups[place].decision,
						 history->backups[i].decision);
		assert_int_equal(alone.backups[place].reasons,
						 history->backups[i].reasons);
		place++;
	}
}

static void
every_promise_holds_over_random_histories(void **state)
{
	static History history;
	void		(*const comparisons[]) (const History *) = {
		check_second_cleanup, check_time_alone, check_failures, check_kinds
	};
	int64_t		decided = 0;
	int64_t		deleted = 0;

	(void) state;
	random_seed(6);
	for (int i = 0; i < HISTORIES; i++)
	{
		if (i % 100 == 0)
			history.policy.clock = history_clock(i / 100);
		history_random(&history);
		history_decide(&history);
		check_promises(&history);
		comparisons[i % 4] (&history);
		decided += history.count;
		deleted += history.deletions;
	}
	print_message("%d histories, %lld backups, %lld deleted\n", HISTORIES,
				  (long long) decided, (long long) deleted);
	assert_true(deleted > decided / 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_promise_holds_over_random_histories)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

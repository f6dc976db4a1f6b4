/*
 * Histories of backups.
 */
#include "history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "random_numbers.h"
#include "zone.h"

static const char *const zones[] = {
	"UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati",
	"Pacific/Pago_Pago", "Asia/Kathmandu", "Atlantic/Azores", "Asia/Beirut"
};

#define ZONE_COUNT ((int) (sizeof(zones) / sizeof(zones[0])))

Clock
history_clock(int number)
{
	return zone_clock(zones[number % ZONE_COUNT]);
}

static RetentionState
random_state(void)
{
	if (!random_one_in(4))
		return RETENTION_VERIFIED;
	return (RetentionState) random_between(RETENTION_RUNNING,
										   RETENTION_DELETING);
}

/* The time between two backups: mostly hours, at times a long outage. */
static int64_t
random_gap(void)
{
	if (random_one_in(12))
		return random_between(DAY, 100 * DAY);
	if (random_one_in(3))
		return random_between(0, 8 * DAY);
	return random_between(0, 4) * 21600;
}

/* A parent for a backup: mostly a sound one, at times nonsense. */
static int
random_parent(const History *history, int place)
{
	int			kind = history->backups[place].kind;

	if (random_one_in(40))
		return (int) random_between(-2, HISTORY_CAPACITY + 1);
	if (kind != 3 || random_one_in(5))
		return RETENTION_NO_PARENT;
	for (int i = place - 1; i >= 0; i--)
	{
		if (history->backups[i].kind == kind && !random_one_in(4))
			return i;
	}
	return RETENTION_NO_PARENT;
}

void
history_random_backup(History *history, int place, int64_t moment)
{
	RetentionBackup *backup = &history->backups[place];

	memset(backup, random_one_in(2) ? 0 : 0x55, sizeof(*backup));
	backup->kind = (int) random_between(1, 3);
	backup->state = random_state();
	backup->pinned = random_one_in(25);
	backup->base_of_window = random_one_in(40);
	backup->made_at = moment;
	if (random_one_in(30))
		backup->made_at += random_between(-2000, 2000) * DAY;
	backup->locked_until = random_one_in(20) ? backup->made_at + random_between(0, 400) * DAY : 0;
	backup->touched_at = backup->made_at;
	if (random_one_in(3))
		backup->touched_at += random_between(-30, 30) * DAY / 3;
	backup->parent = random_parent(history, place);
}

/* Turns the array around, so that its order means nothing. */
static void
reverse(History *history)
{
	int			count = history->count;

	for (int i = 0; i < count / 2; i++)
	{
		RetentionBackup other = history->backups[i];

		history->backups[i] = history->backups[count - 1 - i];
		history->backups[count - 1 - i] = other;
	}
	for (int i = 0; i < count; i++)
	{
		if (history->backups[i].parent >= 0 && history->backups[i].parent < count)
			history->backups[i].parent = count - 1 - history->backups[i].parent;
	}
}

static void
random_policy(RetentionPolicy *policy)
{
	const RetentionPolicy defaults = {7, 4, 12, 2, 24, false, policy->clock};

	*policy = defaults;
	policy->confirmed = random_one_in(2);
	if (random_one_in(2))
		return;
	policy->daily_days = (int) random_between(-1, 12);
	policy->weekly_weeks = (int) random_between(-1, 8);
	policy->monthly_months = (int) random_between(-1, 20);
	policy->minimum = (int) random_between(-1, 5);
	policy->unfinished_hours = (int) random_between(0, 100);
}

void
history_random(History *history)
{
	int64_t		moment = utc("2020-01-01 00:00:00") +
		random_between(0, 3650 * DAY);

	random_policy(&history->policy);
	history->count = (int) random_between(0, 50);
	for (int i = 0; i < history->count; i++)
	{
		moment += random_gap();
		history_random_backup(history, i, moment);
	}
	history->now = moment + random_between(0, 2) * 3600;
	if (random_one_in(8))
		history->now += random_between(-300, 300) * DAY;
	if (random_one_in(2))
		reverse(history);
}

Date
date_of(int64_t moment)
{
	time_t		seconds = (time_t) moment;
	struct tm	fields;
	Date		date;

	assert_non_null(localtime_r(&seconds, &fields));
	date.day = (moment + fields.tm_gmtoff) / DAY;
	date.year = fields.tm_year + 1900;
	date.month = fields.tm_mon + 1;
	date.day_of_month = fields.tm_mday;
	date.weekday = fields.tm_wday;
	return date;
}

bool
is_sound(const History *history, int place)
{
	/* Chains that go in a circle end with the steps. */
	for (int steps = 0; steps <= history->count; steps++)
	{
		if (place < 0 || place >= history->count ||
			history->backups[place].state != RETENTION_VERIFIED)
			return false;
		if (history->backups[place].parent == RETENTION_NO_PARENT)
			return true;
		place = history->backups[place].parent;
	}
	return false;
}

bool
is_complete(const RetentionBackup *backup)
{
	return backup->state == RETENTION_VERIFIED ||
		backup->state == RETENTION_UNVERIFIED ||
		backup->state == RETENTION_DAMAGED;
}

bool
is_newer(const History *history, int a, int b)
{
	const RetentionBackup *x = &history->backups[a];
	const RetentionBackup *y = &history->backups[b];

	return (x->made_at != y->made_at) ? x->made_at > y->made_at : a > b;
}

static void
work_out(History *history)
{
	for (int i = 0; i < history->count; i++)
	{
		int64_t		made_at = history->backups[i].made_at;

		history->good[i] = is_sound(history, i) && made_at <= history->now;
		history->dates[i] = date_of(made_at);
	}
	for (int i = 0; i < history->count; i++)
	{
		history->newest[i] = -1;
		for (int j = 0; j < history->count; j++)
		{
			if (history->good[j] &&
				history->backups[j].kind == history->backups[i].kind &&
				(history->newest[i] < 0 ||
				 is_newer(history, j, history->newest[i])))
				history->newest[i] = j;
		}
	}
}

void
history_decide(History *history)
{
	work_out(history);
	history->deletions = retention_decide(&history->policy, history->now,
										  history->backups, history->count,
										  history->order);
}

bool
same_week(const Date *a, const Date *b)
{
	return a->day - a->weekday == b->day - b->weekday;
}

bool
same_month(const Date *a, const Date *b)
{
	return a->year == b->year && a->month == b->month;
}

bool
same_day(const Date *a, const Date *b)
{
	return a->day == b->day;
}

void
history_take_away(History *history,
				  bool (*pick) (const RetentionBackup *backup))
{
	int			places[HISTORY_CAPACITY];
	int			left = 0;

	for (int i = 0; i < history->count; i++)
		places[i] = pick(&history->backups[i]) ? HISTORY_CAPACITY : left++;
	for (int i = 0; i < history->count; i++)
	{
		RetentionBackup backup = history->backups[i];

		if (places[i] == HISTORY_CAPACITY)
			continue;
		if (backup.parent >= history->count)
			backup.parent = HISTORY_CAPACITY;
		else if (backup.parent >= 0)
			backup.parent = places[backup.parent];
		history->backups[places[i]] = backup;
	}
	history->count = left;
}

bool
is_deleted(const RetentionBackup *backup)
{
	return backup->decision == RETENTION_DELETE;
}

/*
 * Retention: the decision.
 */
#include "common/retention.h"

#include <stdlib.h>

#include "common/civil_time.h"

/* A tier: a role, the reason it gives, and the oldest day that it keeps. */
typedef struct Tier
{
	RetentionRole role;
	unsigned	reason;
	int64_t		oldest_day;
} Tier;

static RetentionBackup *
parent_of(const RetentionBackup *backup, RetentionBackup *backups, int count)
{
	if (backup->parent < 0 || backup->parent >= count)
		return NULL;
	return &backups[backup->parent];
}

/* Did it exist as a whole once? */
static bool
is_complete(const RetentionBackup *backup)
{
	return backup->state == RETENTION_UNVERIFIED ||
		backup->state == RETENTION_VERIFIED ||
		backup->state == RETENTION_DAMAGED;
}

static int
order_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* What nothing else orders comes in the order of the caller's array. */
static int
compare_places(const RetentionBackup *a, const RetentionBackup *b)
{
	return (a > b) - (a < b);
}

/* Parents before children. */
static int
compare_depths(const void *a, const void *b)
{
	const RetentionBackup *x = *(RetentionBackup *const *) a;
	const RetentionBackup *y = *(RetentionBackup *const *) b;

	return order_numbers(x->depth, y->depth);
}

/* By kind, then by time. */
static int
compare_moments(const void *a, const void *b)
{
	const RetentionBackup *x = *(RetentionBackup *const *) a;
	const RetentionBackup *y = *(RetentionBackup *const *) b;
	int			result = order_numbers(x->kind, y->kind);

	if (result == 0)
		result = order_numbers(x->moment, y->moment);
	return (result != 0) ? result : compare_places(x, y);
}

/*
 * By date, then by time: where the clock is put back over midnight, a date
 * comes back after the next one has begun.
 */
static int
compare_days(const void *a, const void *b)
{
	const RetentionBackup *x = *(RetentionBackup *const *) a;
	const RetentionBackup *y = *(RetentionBackup *const *) b;
	int			result = order_numbers(x->day_number, y->day_number);

	return (result != 0) ? result : compare_moments(a, b);
}

/* What is deleted first; there, children before parents, then by time. */
static int
compare_deletions(const void *a, const void *b)
{
	const RetentionBackup *x = *(RetentionBackup *const *) a;
	const RetentionBackup *y = *(RetentionBackup *const *) b;
	int			result = order_numbers(x->decision != RETENTION_DELETE,
									   y->decision != RETENTION_DELETE);

	if (result == 0)
		result = order_numbers(y->depth, x->depth);
	if (result == 0)
		result = order_numbers(x->moment, y->moment);
	return (result != 0) ? result : compare_places(x, y);
}

/*
 * Counts what a backup builds on, for it and for those on the way that were
 * not counted yet.  Parents that go in a circle end somewhere in it.
 */
static void
measure_depth(RetentionBackup *backup, RetentionBackup *backups, int count)
{
	RetentionBackup *known = backup;
	int			length = 0;
	int			below;

	while (known != NULL && known->depth == 0 && length <= count)
	{
		length++;
		known = parent_of(known, backups, count);
	}
	below = (known == NULL || length > count) ? 0 : known->depth;
	for (; length > 0; length--)
	{
		backup->depth = below + length;
		backup = parent_of(backup, backups, count);
	}
}

/* Finds out of each backup whether it and all it builds on are verified. */
static void
trace_chains(RetentionBackup *backups, int count, RetentionBackup **order)
{
	for (int i = 0; i < count; i++)
	{
		order[i] = &backups[i];
		backups[i].depth = 0;
		backups[i].sound = false;
	}
	for (int i = 0; i < count; i++)
		measure_depth(&backups[i], backups, count);

	/* In a circle the first one finds its parent not sound yet: none is. */
	qsort(order, count, sizeof(*order), compare_depths);
	for (int i = 0; i < count; i++)
	{
		const RetentionBackup *parent = parent_of(order[i], backups, count);

		order[i]->sound = order[i]->state == RETENTION_VERIFIED &&
			(order[i]->parent == RETENTION_NO_PARENT ||
			 (parent != NULL && parent->sound));
	}
}

/* Notes since when a backup is as it is: of one that is good, its making. */
static void
place_in_time(const RetentionPolicy *policy, RetentionBackup *backup)
{
	int			year;
	int			month;

	backup->moment = backup->made_at;
	if (!backup->sound && backup->touched_at > backup->made_at)
		backup->moment = backup->touched_at;
	backup->day_number = civil_day_of(civil_local(&policy->clock,
												  backup->moment));
	civil_date(backup->day_number, &year, &month, &backup->day_of_month);
	backup->month_number = 12 * year + month;
}

/* The reasons to keep a backup that lie in itself alone. */
static unsigned
own_reasons(const RetentionPolicy *policy, int64_t now,
			const RetentionBackup *backup)
{
	int64_t		grace = INT64_C(3600) * policy->unfinished_hours;
	unsigned	reasons = backup->pinned ? KEEP_PINNED : 0;

	if (backup->state == RETENTION_DELETING)
		return 0;
	if (backup->base_of_window)
		reasons |= KEEP_WINDOW;
	if (backup->locked_until > now)
		reasons |= KEEP_LOCKED;
	if (backup->state == RETENTION_RUNNING)
		reasons |= KEEP_RUNNING;
	if (backup->state == RETENTION_UNFINISHED && backup->moment >= now - grace)
		reasons |= KEEP_UNFINISHED;
	if (backup->sound && backup->made_at > now)
		reasons |= KEEP_FUTURE;
	return reasons;
}

static void
look_at_each(const RetentionPolicy *policy, int64_t now,
			 RetentionBackup *backups, int count)
{
	for (int i = 0; i < count; i++)
	{
		RetentionBackup *backup = &backups[i];

		place_in_time(policy, backup);
		backup->role = RETENTION_NO_ROLE;
		backup->promoted = false;
		backup->good = backup->sound && backup->made_at <= now;
		backup->reasons = own_reasons(policy, now, backup);
	}
}

/* The end of the backups of one kind, in an array ordered by kind. */
static int
kind_end(RetentionBackup **order, int start, int count)
{
	int			end = start + 1;

	while (end < count && order[end]->kind == order[start]->kind)
		end++;
	return end;
}

/* Keeps the newest good ones; returns the newest of all, NULL if none is. */
static const RetentionBackup *
keep_minimum(const RetentionPolicy *policy, RetentionBackup **group, int count)
{
	const RetentionBackup *newest = NULL;
	int			left = (policy->minimum < 1) ? 1 : policy->minimum;

	for (int i = count - 1; i >= 0 && left > 0; i--)
	{
		if (!group[i]->good)
			continue;
		if (newest == NULL)
			newest = group[i];
		group[i]->reasons |= KEEP_MINIMUM;
		left--;
	}
	return newest;
}

/* Keeps those that are not good and not superseded for long. */
static void
keep_unproven(const RetentionPolicy *policy, const RetentionBackup *newest,
			  RetentionBackup **group, int count)
{
	int			days = (policy->daily_days < 0) ? 0 : policy->daily_days;

	for (int i = 0; i < count; i++)
	{
		if (!is_complete(group[i]) || group[i]->sound)
			continue;
		if (newest == NULL ||
			group[i]->day_number >= newest->day_number - days)
			group[i]->reasons |= KEEP_UNPROVEN;
	}
}

/* Is it made on the day that a role is for? */
static bool
fits_role(const RetentionBackup *backup, RetentionRole role)
{
	if (role == RETENTION_WEEKLY)
		return civil_weekday(backup->day_number) == 0;
	if (role == RETENTION_MONTHLY)
		return backup->day_of_month == 1;
	return true;
}

/* Were they made in the same of the periods that a role is given in? */
static bool
shares_period(const RetentionBackup *a, const RetentionBackup *b,
			  RetentionRole role)
{
	if (role == RETENTION_MONTHLY)
		return a->month_number == b->month_number;
	return a->day_number - civil_weekday(a->day_number) ==
		b->day_number - civil_weekday(b->day_number);
}

/*
 * Gives a role to the good ones made on the day for it and, in a period that
 * has none, to the first one.  The group is ordered by date, and the day for
 * a role is the first of its period.
 */
static void
assign_role(const Tier *tier, RetentionBackup **group, int count)
{
	const RetentionBackup *previous = NULL;

	for (int i = 0; i < count; i++)
	{
		RetentionBackup *backup = group[i];
		bool		fits;

		if (!backup->good)
			continue;
		fits = fits_role(backup, tier->role);
		if (fits || previous == NULL ||
			!shares_period(previous, backup, tier->role))
		{
			backup->role = tier->role;
			backup->promoted = !fits;
			if (backup->day_number >= tier->oldest_day)
				backup->reasons |= tier->reason;
		}
		previous = backup;
	}
}

/* The same date some months earlier, or the last day of a shorter month. */
static int64_t
months_before(int64_t day_number, int months)
{
	int64_t		month_number;
	int			year;
	int			month;
	int			day;
	int			length;

	civil_date(day_number, &year, &month, &day);
	month_number = INT64_C(12) * year + month - 1 - months;
	if (month_number < 0)
		return INT64_MIN;
	year = (int) (month_number / 12);
	month = (int) (month_number % 12) + 1;
	length = civil_month_length(year, month);
	return civil_day_number(year, month, (day < length) ? day : length);
}

/* Gives the roles, the longest last: it is the one that is shown. */
static void
assign_roles(const RetentionPolicy *policy, int64_t newest_day,
			 RetentionBackup **group, int count)
{
	Tier		daily = {RETENTION_DAILY, KEEP_DAILY, 0};
	Tier		weekly = {RETENTION_WEEKLY, KEEP_WEEKLY, 0};
	Tier		monthly = {RETENTION_MONTHLY, KEEP_MONTHLY, 0};

	daily.oldest_day = newest_day - policy->daily_days;
	weekly.oldest_day = newest_day - INT64_C(7) * policy->weekly_weeks;
	monthly.oldest_day = months_before(newest_day, policy->monthly_months);

	qsort(group, count, sizeof(*group), compare_days);
	if (policy->daily_days > 0)
		assign_role(&daily, group, count);
	if (policy->weekly_weeks > 0)
		assign_role(&weekly, group, count);
	if (policy->monthly_months > 0)
		assign_role(&monthly, group, count);
}

static void
judge_kind(const RetentionPolicy *policy, RetentionBackup **group, int count)
{
	const RetentionBackup *newest = keep_minimum(policy, group, count);

	keep_unproven(policy, newest, group, count);
	if (newest != NULL)
		assign_roles(policy, newest->day_number, group, count);
}

/* Keeps what the backups that are kept build on. */
static void
keep_parents(RetentionBackup *backups, int count)
{
	for (int i = 0; i < count; i++)
	{
		RetentionBackup *parent;

		if (backups[i].reasons == 0)
			continue;
		parent = parent_of(&backups[i], backups, count);
		while (parent != NULL && parent->state != RETENTION_DELETING &&
			   (parent->reasons & KEEP_NEEDED) == 0)
		{
			parent->reasons |= KEEP_NEEDED;
			parent = parent_of(parent, backups, count);
		}
	}
}

/* Would more than half of a kind be deleted? */
static bool
is_half_lost(RetentionBackup **group, int count)
{
	int			complete = 0;
	int			complete_lost = 0;
	int			verified = 0;
	int			verified_lost = 0;

	for (int i = 0; i < count; i++)
	{
		bool		is_lost = group[i]->reasons == 0;

		complete += is_complete(group[i]);
		complete_lost += is_complete(group[i]) && is_lost;
		verified += group[i]->state == RETENTION_VERIFIED;
		verified_lost += group[i]->state == RETENTION_VERIFIED && is_lost;
	}

	/* Each apart, lest failures make room for the loss of good ones. */
	return complete_lost > complete - complete_lost ||
		verified_lost > verified - verified_lost;
}

static void
settle_kind(const RetentionPolicy *policy, RetentionBackup **group, int count)
{
	bool		must_confirm = !policy->confirmed && is_half_lost(group, count);

	for (int i = 0; i < count; i++)
	{
		if (group[i]->reasons != 0)
			group[i]->decision = RETENTION_KEEP;
		else if (must_confirm && is_complete(group[i]))
			group[i]->decision = RETENTION_CONFIRM;
		else
			group[i]->decision = RETENTION_DELETE;
	}
}

/* What a backup builds on that waits for confirmation waits with it. */
static void
wait_with_children(RetentionBackup *backups, int count)
{
	for (int i = 0; i < count; i++)
	{
		RetentionBackup *parent = parent_of(&backups[i], backups, count);

		if (backups[i].decision != RETENTION_CONFIRM)
			continue;
		while (parent != NULL && parent->decision == RETENTION_DELETE &&
			   parent->state != RETENTION_DELETING)
		{
			parent->decision = RETENTION_CONFIRM;
			parent = parent_of(parent, backups, count);
		}
	}
}

/* Does something with the backups of each kind; order is ordered by kind. */
static void
for_each_kind(const RetentionPolicy *policy, RetentionBackup **order,
			  int count, void (*act) (const RetentionPolicy *policy,
									  RetentionBackup **group, int count))
{
	int			end;

	for (int start = 0; start < count; start = end)
	{
		end = kind_end(order, start, count);
		act(policy, order + start, end - start);
	}
}

int
retention_decide(const RetentionPolicy *policy, int64_t now,
				 RetentionBackup *backups, int count, RetentionBackup **order)
{
	int			deletions = 0;

	trace_chains(backups, count, order);
	look_at_each(policy, now, backups, count);

	qsort(order, count, sizeof(*order), compare_moments);
	for_each_kind(policy, order, count, judge_kind);
	keep_parents(backups, count);
	for_each_kind(policy, order, count, settle_kind);
	wait_with_children(backups, count);

	qsort(order, count, sizeof(*order), compare_deletions);
	while (deletions < count &&
		   order[deletions]->decision == RETENTION_DELETE)
		deletions++;
	return deletions;
}

/*
 * Retention: which backups are kept, which are deleted, and why.
 *
 * One pure function decides for all backups of a repository at once; whoever
 * shows or deletes backups uses what it says and nothing else.  Backups are
 * judged within their kind (type and set of databases; all that make up
 * physical chains are one kind), and kinds do not influence each other.
 *
 * What counts.  A backup is good if it and all that it builds on were verified
 * and none of them was found damaged or is missing.  Only good backups hold
 * roles, and only they let others expire.
 *
 * Roles, by the date in the policy's time zone: monthly if made on the first
 * of a month, weekly if made on a Sunday, else daily.  In a month without a
 * good backup on its first, and in a week (Sunday to Saturday) without one on
 * its Sunday, the first good one after that takes the role.  A backup whose
 * date fits several tiers is kept by each of them; its role is the longest.
 *
 * Age is counted in calendar days from the newest good backup of the kind, so
 * nothing ages while backups fail.  A tier keeps what is at most so many days,
 * weeks or calendar months old: the newest one's date in the month so long ago
 * is still kept.
 *
 * Further, these are kept:
 * - the newest good ones, as many as the policy's minimum says;
 * - pinned ones;
 * - those that a recovery window begins with (common/wal_retention.h);
 * - those that the store has locked against deletion, until that ends;
 * - what is being written;
 * - what is unfinished, for some hours after it was last written to;
 * - complete ones that are not good, until good backups have gone on for the
 *   days of the daily tier after they were made or found damaged, so that
 *   somebody can look at them, and for ever if there is no good one;
 * - verified ones dated in the future, which count as made now.  They hold no
 *   place of another one: neither a role, nor in the minimum, nor do they make
 *   others older, lest one wrong clock lets everything expire;
 * - whatever a kept one builds on.
 *
 * A backup whose deletion has begun is no backup any more: it is deleted to
 * the end, pinned or not.
 *
 * If more than half of the complete backups of a kind, or of the verified ones
 * among them, would be deleted, none of them is until that was confirmed.
 */
#ifndef ERPGO_COMMON_RETENTION_H
#define ERPGO_COMMON_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"

/* Parent of a backup that builds on no other. */
#define RETENTION_NO_PARENT (-1)

/* The policy where none is given, and how far each part may go. */
#define RETENTION_DAILY_DAYS 7
#define RETENTION_WEEKLY_WEEKS 4
#define RETENTION_MONTHLY_MONTHS 12
#define RETENTION_MINIMUM 2
#define RETENTION_UNFINISHED_HOURS 24
#define RETENTION_DAILY_DAYS_LIMIT 36500
#define RETENTION_WEEKLY_WEEKS_LIMIT 5200
#define RETENTION_MONTHLY_MONTHS_LIMIT 1200
#define RETENTION_MINIMUM_LIMIT 10000

/* Enough for every explanation and its terminating zero. */
#define RETENTION_TEXT_SIZE 256

typedef enum RetentionState
{
	RETENTION_RUNNING,			/* a writer is at work */
	RETENTION_UNFINISHED,		/* no manifest, and no writer any more */
	RETENTION_UNVERIFIED,		/* complete, but never verified */
	RETENTION_VERIFIED,			/* complete, and verified when last looked */
	RETENTION_DAMAGED,			/* complete, but its verification failed */
	RETENTION_DELETING			/* its deletion has begun */
} RetentionState;

typedef enum RetentionRole
{
	RETENTION_NO_ROLE,
	RETENTION_DAILY,
	RETENTION_WEEKLY,
	RETENTION_MONTHLY
} RetentionRole;

typedef enum RetentionDecision
{
	RETENTION_KEEP,
	RETENTION_DELETE,
	RETENTION_CONFIRM			/* delete, but only once that is confirmed */
} RetentionDecision;

/* Why a backup is kept; the bits of RetentionBackup.reasons. */
typedef enum RetentionReason
{
	KEEP_DAILY = 1 << 0,
	KEEP_WEEKLY = 1 << 1,
	KEEP_MONTHLY = 1 << 2,
	KEEP_MINIMUM = 1 << 3,		/* among the newest good ones */
	KEEP_PINNED = 1 << 4,
	KEEP_NEEDED = 1 << 5,		/* a kept one builds on it */
	KEEP_RUNNING = 1 << 6,
	KEEP_UNFINISHED = 1 << 7,	/* written to a short while ago */
	KEEP_UNPROVEN = 1 << 8,		/* not good, but not superseded for long */
	KEEP_FUTURE = 1 << 9,
	KEEP_WINDOW = 1 << 10,		/* the recovery window begins with it */
	KEEP_LOCKED = 1 << 11		/* the store does not delete it yet */
} RetentionReason;

typedef struct RetentionPolicy
{
	int			daily_days;		/* a tier of 0 or less is off */
	int			weekly_weeks;
	int			monthly_months;
	int			minimum;		/* at least 1, whatever it says */
	int			unfinished_hours;
	bool		confirmed;		/* more than half of a kind may go */
	Clock		clock;			/* the time zone of days, weeks and months */
	int64_t		recovery_window_s;	/* decides which one is a base_of_window */
} RetentionPolicy;

typedef struct RetentionBackup
{
	/* Told by the caller. */
	int			kind;
	RetentionState state;
	bool		pinned;
	bool		base_of_window;
	int			parent;			/* index of the one it builds on; outside of
								 * the array means that it is missing */
	int64_t		made_at;
	int64_t		locked_until;	/* 0 if it is not locked in the store */
	int64_t		touched_at;		/* when an unfinished one was last written to
								 * or a damaged one found to be so; before
								 * made_at it means that */

	/* Decided here. */
	RetentionDecision decision;
	RetentionRole role;
	bool		promoted;		/* has its role in place of a missing one */
	unsigned	reasons;		/* why it is kept; 0 unless it is */

	/* Working memory. */
	int64_t		moment;			/* since when it is as it is */
	int64_t		day_number;
	int			month_number;
	int			day_of_month;
	int			depth;			/* itself and all it builds on */
	bool		sound;			/* all of these are verified */
	bool		good;
} RetentionBackup;

/*
 * Decides about every backup of a repository.  Returns how many are to be
 * deleted now and puts them at the beginning of order, which has room for
 * count pointers, so that each comes before what it builds on: whoever deletes
 * in that order can be stopped anywhere without breaking a chain.
 */
extern int	retention_decide(const RetentionPolicy *policy, int64_t now,
							 RetentionBackup *backups, int count,
							 RetentionBackup **order);

/* The word for a role, in static memory; empty if there is none. */
extern const char *retention_role_name(RetentionRole role);

/* The word for a decision, in static memory. */
extern const char *retention_decision_name(RetentionDecision decision);

/*
 * Writes why retention_decide decided as it did under that policy, as in
 * "weekly, the first after a missing Sunday; pinned" or "daily, older than 7
 * days".
 */
extern void retention_explain(const RetentionPolicy *policy,
							  const RetentionBackup *backup,
							  char text[RETENTION_TEXT_SIZE]);

#endif

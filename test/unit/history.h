/*
 * Histories of backups, random ones among them, and what is to be said of
 * them, worked out in the plainest way with the C library's calendar.
 */
#ifndef ERPGO_TEST_UNIT_HISTORY_H
#define ERPGO_TEST_UNIT_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/retention.h"

#define HISTORY_CAPACITY 100
#define DAY INT64_C(86400)

/* Where the clock on the wall stood. */
typedef struct Date
{
	int64_t		day;			/* counted through */
	int			year;
	int			month;
	int			day_of_month;
	int			weekday;
} Date;

typedef struct History
{
	RetentionPolicy policy;
	int64_t		now;
	int			count;
	RetentionBackup backups[HISTORY_CAPACITY];
	RetentionBackup *order[HISTORY_CAPACITY];
	int			deletions;

	/* Worked out here. */
	bool		good[HISTORY_CAPACITY];
	Date		dates[HISTORY_CAPACITY];
	int			newest[HISTORY_CAPACITY];	/* the newest good one of the same
											 * kind */
} History;

/* Another clock for each number, in turns. */
extern Clock history_clock(int number);

/*
 * Makes a history in the time zone that its policy names: with gaps, failures,
 * wrong clocks, three kinds of backups, chains sound and broken, in any order,
 * under any policy.
 */
extern void history_random(History *history);

/* Makes one backup of such a history, around a moment. */
extern void history_random_backup(History *history, int place,
								  int64_t moment);

/* Works everything out, here and with retention_decide. */
extern void history_decide(History *history);

/* Takes away the backups that are picked; parents keep their meaning. */
extern void history_take_away(History *history,
							  bool (*pick) (const RetentionBackup *backup));

/* To pick what retention_decide said is to be deleted. */
extern bool is_deleted(const RetentionBackup *backup);

/* Is there something complete that might be restored? */
extern bool is_complete(const RetentionBackup *backup);

/* Is a backup with all that it builds on there and verified? */
extern bool is_sound(const History *history, int place);

/* Was the first one made after the second one? */
extern bool is_newer(const History *history, int a, int b);

/* What the calendar showed at a moment, in the zone of the last clock. */
extern Date date_of(int64_t moment);

extern bool same_day(const Date *a, const Date *b);
extern bool same_week(const Date *a, const Date *b);
extern bool same_month(const Date *a, const Date *b);

#endif

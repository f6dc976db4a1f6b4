/*
 * A handful of backups, for tests that look at one rule of retention each.
 */
#ifndef ERPGO_TEST_UNIT_FEW_BACKUPS_H
#define ERPGO_TEST_UNIT_FEW_BACKUPS_H

#include "common/retention.h"

#define CAPACITY 100

/* The backups of the test that runs; order is what retention_decide says. */
extern RetentionBackup backups[CAPACITY];
extern RetentionBackup *order[CAPACITY];
extern int	backup_count;

/*
 * 7 days, 4 weeks, 12 months, at least 2, in UTC.  Confirmed, as most tests
 * let more than half of a few backups expire.
 */
extern RetentionPolicy policy;

/* Sets up a test: no backups, the policy above. */
extern int	begin(void **state);

/* Adds a verified backup; returns its place. */
extern int	add(const char *made_at);

/* Adds a backup in another state. */
extern int	add_state(const char *made_at, RetentionState state);

/* Adds a verified backup that builds on the one at a place. */
extern int	add_child(const char *made_at, int parent);

/*
 * Adds two of 2026-11-25, 12:00 and 18:00, which take the minimum and the age
 * upon them.
 */
extern void add_recent(void);

/* Decides at a time; returns how many are deleted. */
extern int	decide(const char *now);

/* Holds a decision against the one expected. */
extern void expect_kept(int place, unsigned reasons);
extern void expect_deleted(int place);
extern void expect_text(int place, const char *expected);

#endif

/*
 * Which files of a WAL archive are needed.
 */
#include "helpers.h"

#include "common/wal_coverage.h"
#include "common/wal_retention.h"
#include "random_numbers.h"

#define SEGMENT_BYTES (UINT64CONST(16) << 20)
#define DAY 86400
#define NOW (1000 * DAY)
#define SEGMENTS_A_DAY 20

/* A backup of that day, which needs the segments from first to last. */
static WalRetentionBackup
backup_of(int day, uint32 timeline, int first, int last)
{
	WalRetentionBackup backup = {
		timeline, first * SEGMENT_BYTES + 40, last * SEGMENT_BYTES + 500, day * DAY
	};

	return backup;
}

/* Timeline 2, which leaves timeline 1 in the middle of a segment. */
static TimelineHistory
promoted_in(int segment)
{
	TimelineHistory history;

	timeline_history_begin(&history, 2);
	history.ancestors[0] = (TimelineSwitch)
	{
		1, segment * SEGMENT_BYTES + SEGMENT_BYTES / 2
	};
	history.count = 1;
	return history;
}

static bool
is_needed(const char *file, uint64 keep_from)
{
	WalName		name;

	assert_true(wal_name_parse(file, &name));
	return wal_is_needed(&name, SEGMENT_BYTES, keep_from);
}

static void
the_window_begins_with_the_newest_backup_before_it(void **state)
{
	TimelineHistory history;
	WalRetentionBackup backups[] = {
		backup_of(980, 1, 10, 11), backup_of(990, 1, 30, 31), backup_of(995, 1, 50, 51), backup_of(999, 1, 70, 71)
	};
	int64		start = wal_retention_window_start(backups, 4, NOW, 7 * DAY);

	timeline_history_begin(&history, 1);
	assert_int_equal(start, 992 * DAY);
	assert_int_equal(wal_retention_base(&history, backups, 4, start), 1);
	assert_int_equal(wal_retention_base(&history, backups, 4, 990 * DAY), 1);
	assert_int_equal(wal_retention_base(&history, backups, 4, 990 * DAY - 1), 0);
}

static void
without_a_backup_before_the_window_there_is_no_base(void **state)
{
	TimelineHistory history;
	WalRetentionBackup backups[] = {backup_of(995, 1, 50, 51), backup_of(999, 1, 70, 71)};
	int64		start = wal_retention_window_start(backups, 2, NOW, 7 * DAY);

	timeline_history_begin(&history, 1);
	assert_int_equal(wal_retention_base(&history, backups, 2, start), WAL_RETENTION_NO_BASE);
	assert_int_equal(wal_retention_base(&history, backups, 0, NOW), WAL_RETENTION_NO_BASE);
	assert_true(wal_retention_window_start(backups, 0, NOW, 7 * DAY) < NOW - 7 * DAY);
}

static void
nothing_ages_while_backups_fail(void **state)
{
	WalRetentionBackup backups[] = {backup_of(500, 1, 50, 51)};

	assert_int_equal(wal_retention_window_start(backups, 1, NOW, 7 * DAY), 493 * DAY);
}

static void
a_backup_of_the_future_counts_as_made_now(void **state)
{
	WalRetentionBackup backups[] = {backup_of(5000, 1, 50, 51)};

	assert_int_equal(wal_retention_window_start(backups, 1, NOW, 7 * DAY), NOW - 7 * DAY);
}

static void
a_backup_that_does_not_lead_to_a_timeline_is_not_its_base(void **state)
{
	TimelineHistory history = promoted_in(40);
	WalRetentionBackup backups[] = {
		backup_of(980, 1, 30, 31), backup_of(985, 1, 39, 41), backup_of(990, 1, 60, 61)
	};

	assert_int_equal(wal_retention_base(&history, backups, 3, NOW), 0);
	backups[1].stop_lsn = 40 * SEGMENT_BYTES;
	assert_int_equal(wal_retention_base(&history, backups, 3, NOW), 1);
	backups[2] = backup_of(990, 2, 60, 61);
	assert_int_equal(wal_retention_base(&history, backups, 3, NOW), 2);
}

static void
what_ends_before_the_start_of_the_base_is_not_needed(void **state)
{
	uint64		keep_from = 5 * SEGMENT_BYTES + 40;

	assert_false(is_needed("000000010000000000000004", keep_from));
	assert_true(is_needed("000000010000000000000005", keep_from));
	assert_true(is_needed("000000010000000000000006", keep_from));
	assert_true(is_needed("000000010000000100000000", keep_from));
	assert_false(is_needed("000000010000000000000004", 5 * SEGMENT_BYTES));
	assert_true(is_needed("000000010000000000000004", 5 * SEGMENT_BYTES - 1));
}

static void
other_files_go_with_their_segment_and_histories_stay(void **state)
{
	uint64		keep_from = 5 * SEGMENT_BYTES + 40;

	assert_false(is_needed("000000010000000000000004.partial", keep_from));
	assert_true(is_needed("000000010000000000000005.partial", keep_from));
	assert_false(is_needed("000000010000000000000004.00000028.backup", keep_from));
	assert_true(is_needed("000000010000000000000005.00000028.backup", keep_from));
	assert_true(is_needed("00000002.history", PG_UINT64_MAX));
}

/*
 * Backups at random times, each verified or not, while a server writes WAL
 * and is promoted once.
 */
static void
every_moment_of_the_window_stays_within_reach(void **state)
{
	for (int round = 0; round < 2000; round++)
	{
		int			switch_day = (int) random_between(1, 59);
		TimelineHistory history = promoted_in(switch_day * SEGMENTS_A_DAY);
		WalRetentionBackup backups[60];
		int			count = 0;
		int			window = (int) random_between(0, 29);
		int64		start;
		int			base;

		for (int day = 1; day < 60; day++)
		{
			if (random_one_in(3))
				backups[count++] = backup_of(day, day < switch_day ? 1 : 2,
											 day * SEGMENTS_A_DAY + 1, day * SEGMENTS_A_DAY + 3);
		}
		start = wal_retention_window_start(backups, count, 60 * DAY, window * DAY);
		base = wal_retention_base(&history, backups, count, start);

		/* With a backup before the window, all that follows is there. */
		for (int i = 0; i < count; i++)
		{
			WalName		name = {WAL_SEGMENT, backups[i].timeline, 0, backups[i].start_lsn / SEGMENT_BYTES};

			if (backups[i].finished_at <= start)
				assert_int_not_equal(base, WAL_RETENTION_NO_BASE);
			if (base < 0 || backups[i].finished_at < backups[base].finished_at)
				continue;
			for (; name.segment < 60 * SEGMENTS_A_DAY; name.segment++)
				assert_true(wal_is_needed(&name, SEGMENT_BYTES, backups[base].start_lsn));
		}
		if (base >= 0)
			assert_true(backups[base].finished_at <= start);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_begins_with_the_newest_backup_before_it),
		cmocka_unit_test(without_a_backup_before_the_window_there_is_no_base),
		cmocka_unit_test(nothing_ages_while_backups_fail),
		cmocka_unit_test(a_backup_of_the_future_counts_as_made_now),
		cmocka_unit_test(a_backup_that_does_not_lead_to_a_timeline_is_not_its_base),
		cmocka_unit_test(what_ends_before_the_start_of_the_base_is_not_needed),
		cmocka_unit_test(other_files_go_with_their_segment_and_histories_stay),
		cmocka_unit_test(every_moment_of_the_window_stays_within_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

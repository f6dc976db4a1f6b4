/*
 * What a WAL archive covers.
 */
#include "helpers.h"

#include "common/wal_coverage.h"

#define SEGMENT_BYTES (UINT64CONST(16) << 20)
#define ROOM 4

/* Timeline 2 leaves timeline 1 in the middle of segment 5. */
static const WalTimeline timelines[] = {
	{1, 0}, {2, 5 * SEGMENT_BYTES + SEGMENT_BYTES / 2}
};

static WalHole holes[ROOM];

/*
 * What segments cover, whose names are given in order up to a NULL, from the
 * middle of a segment on, along the first so many timelines.
 */
static WalCoverage
cover(const char *const *names, int start, int count)
{
	WalName		segments[16];
	WalArchived archived = {segments, 0, SEGMENT_BYTES};
	WalRoute	route = {timelines, count, start * SEGMENT_BYTES + 40};

	for (; names[archived.count] != NULL; archived.count++)
		assert_true(wal_name_parse(names[archived.count],
								   &segments[archived.count]));
	return wal_coverage(&route, &archived, holes, ROOM);
}

static void
assert_hole(int i, uint32 timeline, int first, int last)
{
	assert_int_equal(holes[i].timeline, timeline);
	assert_int_equal(holes[i].first, first);
	assert_int_equal(holes[i].last, last);
}

static void
segments_that_follow_each_other_have_no_hole(void **state)
{
	const char *const names[] = {
		"000000010000000000000002", "000000010000000000000003",
		"000000010000000000000004", NULL
	};
	WalCoverage coverage = cover(names, 3, 1);

	assert_int_equal(coverage.holes, 0);
	assert_int_equal(coverage.unbroken, 5 * SEGMENT_BYTES);
	assert_int_equal(coverage.end, 5 * SEGMENT_BYTES);
}

static void
what_is_missing_is_named_and_ends_the_recovery(void **state)
{
	const char *const names[] = {
		"000000010000000000000002", "000000010000000000000005",
		"000000010000000000000007", NULL
	};
	WalCoverage coverage = cover(names, 2, 1);

	assert_int_equal(coverage.holes, 2);
	assert_hole(0, 1, 3, 4);
	assert_hole(1, 1, 6, 6);
	assert_int_equal(coverage.unbroken, 3 * SEGMENT_BYTES);
	assert_int_equal(coverage.end, 8 * SEGMENT_BYTES);
}

static void
a_missing_first_segment_is_a_hole(void **state)
{
	const char *const names[] = {"000000010000000000000003", NULL};
	WalCoverage coverage = cover(names, 2, 1);

	assert_int_equal(coverage.holes, 1);
	assert_hole(0, 1, 2, 2);
	assert_int_equal(coverage.unbroken, 2 * SEGMENT_BYTES + 40);
}

static void
an_archive_without_what_comes_after_the_start_covers_nothing(void **state)
{
	const char *const names[] = {"000000010000000000000003", NULL};
	WalCoverage coverage = cover(names, 4, 1);

	assert_int_equal(coverage.holes, 0);
	assert_int_equal(coverage.unbroken, 4 * SEGMENT_BYTES + 40);
	assert_int_equal(coverage.end, coverage.unbroken);
}

static void
a_timeline_goes_on_where_its_parent_was_left(void **state)
{
	const char *const names[] = {
		"000000010000000000000004", "000000010000000000000005",
		"000000010000000000000009", "000000020000000000000005",
		"000000020000000000000006", NULL
	};
	WalCoverage coverage = cover(names, 4, 2);

	assert_int_equal(coverage.holes, 0);
	assert_int_equal(coverage.end, 7 * SEGMENT_BYTES);
}

static void
the_parents_copy_of_the_segment_with_the_switch_does_not_do(void **state)
{
	const char *const names[] = {
		"000000010000000000000004", "000000010000000000000005",
		"000000020000000000000006", NULL
	};
	WalCoverage coverage = cover(names, 4, 2);

	assert_int_equal(coverage.holes, 1);
	assert_hole(0, 2, 5, 5);
}

static void
a_segment_is_needed_of_the_newest_timeline_that_has_begun_in_it(void **state)
{
	WalRoute	route = {timelines, 2, 0};

	assert_int_equal(wal_route_timeline(&route, 4, SEGMENT_BYTES), 1);
	assert_int_equal(wal_route_timeline(&route, 5, SEGMENT_BYTES), 2);
	assert_int_equal(wal_route_timeline(&route, 50, SEGMENT_BYTES), 2);
}

static void
a_history_becomes_a_route(void **state)
{
	static TimelineHistory history;
	WalTimeline route[3];

	assert_true(timeline_history_parse(&history, 3, "1\t0/5000000\tx\n2\t0/7000000\tx\n"));
	wal_route_of_history(&history, route);
	assert_int_equal(route[0].timeline, 1);
	assert_int_equal(route[0].begin, 0);
	assert_int_equal(route[1].timeline, 2);
	assert_int_equal(route[1].begin, 0x5000000);
	assert_int_equal(route[2].timeline, 3);
	assert_int_equal(route[2].begin, 0x7000000);
}

static void
a_hole_over_two_timelines_is_named_for_each(void **state)
{
	const char *const names[] = {
		"000000010000000000000002", "000000020000000000000007", NULL
	};
	WalCoverage coverage = cover(names, 2, 2);

	assert_int_equal(coverage.holes, 2);
	assert_hole(0, 1, 3, 4);
	assert_hole(1, 2, 5, 6);
}

static void
holes_without_room_are_counted(void **state)
{
	const char *const names[] = {
		"000000010000000000000001", "000000010000000000000003",
		"000000010000000000000005", "000000010000000000000007",
		"000000010000000000000009", "00000001000000000000000B", NULL
	};

	assert_int_equal(cover(names, 1, 1).holes, 5);
	assert_hole(ROOM - 1, 1, 8, 8);
}

static void
segments_are_counted_over_the_end_of_a_log(void **state)
{
	const char *const names[] = {
		"0000000100000000000000FF", "000000010000000100000000", NULL
	};
	WalCoverage coverage = cover(names, 255, 1);

	assert_int_equal(coverage.holes, 0);
	assert_int_equal(coverage.end, 257 * SEGMENT_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_that_follow_each_other_have_no_hole),
		cmocka_unit_test(what_is_missing_is_named_and_ends_the_recovery),
		cmocka_unit_test(a_missing_first_segment_is_a_hole),
		cmocka_unit_test(an_archive_without_what_comes_after_the_start_covers_nothing),
		cmocka_unit_test(a_timeline_goes_on_where_its_parent_was_left),
		cmocka_unit_test(the_parents_copy_of_the_segment_with_the_switch_does_not_do),
		cmocka_unit_test(a_segment_is_needed_of_the_newest_timeline_that_has_begun_in_it),
		cmocka_unit_test(a_history_becomes_a_route),
		cmocka_unit_test(a_hole_over_two_timelines_is_named_for_each),
		cmocka_unit_test(holes_without_room_are_counted),
		cmocka_unit_test(segments_are_counted_over_the_end_of_a_log),
	};

	return cmocka_run_group_tests_name("coverage of a WAL archive", tests, NULL, NULL);
}

/*
 * The history of a timeline.
 */
#include "helpers.h"

#include "common/timeline_history.h"

static const char *const third =
"# a comment\n"
"1\t0/5000100\tno recovery target specified\n"
"\n"
"2\t0/7000000\tbefore 2026-11-23 14:00:00+00\n";

static TimelineHistory history;

static void
a_history_tells_which_positions_belong_to_it(void **state)
{
	assert_true(timeline_history_parse(&history, 3, third));
	assert_int_equal(history.count, 2);
	assert_true(timeline_history_has(&history, 1, 0x5000100));
	assert_false(timeline_history_has(&history, 1, 0x5000101));
	assert_true(timeline_history_has(&history, 3, 0x9000000));
	assert_false(timeline_history_has(&history, 4, 0x1000000));
	assert_int_equal(timeline_index(&history, 2), 1);
	assert_int_equal(timeline_at(&history, 2), 3);
}

static void
a_timeline_may_come_from_no_other_one(void **state)
{
	timeline_history_begin(&history, 1);
	assert_true(timeline_history_has(&history, 1, 1));
	assert_false(timeline_history_has(&history, 2, 1));
}

static void
what_no_server_writes_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "\n", "1\n", "1\t0\n", "x\t0/1\n", "0\t0/1\n", "3\t0/1\n", "4\t0/1\n",
		"2\t0/1\n1\t0/2\n", "1\t0/2\n2\t0/1\n", "1\t0/2\n1\t0/3\n",
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		if (timeline_history_parse(&history, 3, wrong[i]))
			fail_msg("\"%s\" was taken for a history", wrong[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_history_tells_which_positions_belong_to_it),
		cmocka_unit_test(a_timeline_may_come_from_no_other_one),
		cmocka_unit_test(what_no_server_writes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

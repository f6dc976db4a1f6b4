/*
 * The names of the files that a server archives.
 */
#include "helpers.h"

#include "common/wal_name.h"

static void
the_names_that_a_server_gives_are_read(void **state)
{
	WalName		name;

	assert_true(wal_name_parse("000000010000000A000000FF", &name));
	assert_int_equal(name.kind, WAL_SEGMENT);
	assert_int_equal(name.timeline, 1);
	assert_int_equal(name.log, 10);
	assert_int_equal(name.segment, 255);
	assert_true(wal_name_parse("FFFFFFFFFFFFFFFFFFFFFFFF.partial", &name));
	assert_int_equal(name.kind, WAL_PARTIAL);
	assert_int_equal(name.timeline, PG_UINT32_MAX);
	assert_true(wal_name_parse("000000010000000000000002.00000028.backup", &name));
	assert_int_equal(name.kind, WAL_BACKUP);
	assert_int_equal(name.segment, 2);
	assert_true(wal_name_parse("00000002.history", &name));
	assert_int_equal(name.kind, WAL_HISTORY);
	assert_int_equal(name.timeline, 2);
}

static void
what_is_no_such_name_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "0", "00000001", "00000000.history", "000000000000000000000001",
		"000000010000000A000000F", "000000010000000A000000FF0", "000000010000000a000000ff",
		"000000010000000A000000FF.", "000000010000000A000000FF.partial2",
		"000000010000000A000000FF.backup", "000000010000000A000000FF.0000002.backup",
		"000000010000000A000000FF.00000028.backup ", "00000002.histor", "00000002.history/",
		"../00000002.history", "0000000x.history", "RECOVERYXLOG", "+00000010000000A000000FF",
	};
	WalName		name;

	for (int i = 0; i < lengthof(wrong); i++)
	{
		if (wal_name_parse(wrong[i], &name))
			fail_msg("\"%s\" was taken for the name of a file of WAL", wrong[i]);
	}
}

static void
a_name_with_one_byte_changed_is_refused_or_means_itself(void **state)
{
	char		segment[] = "000000010000000A000000FF";

	for (int i = 0; i < strlen(segment); i++)
	{
		char		original = segment[i];

		for (int byte = 0; byte < 256; byte++)
		{
			WalName		name;
			char		again[WAL_SEGMENT_SIZE];

			segment[i] = (char) byte;
			if (!wal_name_parse(segment, &name) || name.kind != WAL_SEGMENT)
				continue;
			wal_segment_format(&name, again);
			assert_string_equal(again, segment);
		}
		segment[i] = original;
	}
}

static void
folders_hold_what_has_the_same_first_digits(void **state)
{
	WalName		name;
	char		folder[WAL_FOLDER_SIZE];

	assert_true(wal_name_parse("0000000B0000000A000000FF.partial", &name));
	wal_name_folder(&name, folder);
	assert_string_equal(folder, "0000000B/0000000A");
	assert_true(wal_name_parse("0000000C.history", &name));
	wal_name_folder(&name, folder);
	assert_string_equal(folder, "0000000C");
}

/*
 * Checks which segment follows another.
 */
static void
assert_next(const char *segment, uint64 segment_bytes, const char *expected)
{
	WalName		name;
	WalName		before;
	char		next[WAL_SEGMENT_SIZE];

	assert_true(wal_name_parse(segment, &name));
	before = name;
	wal_segment_next(&name, segment_bytes);
	wal_segment_format(&name, next);
	assert_string_equal(next, expected);
	assert_true(wal_segment_compare(&before, &name) < 0);
	assert_true(wal_segment_compare(&name, &before) > 0);
	assert_int_equal(wal_segment_compare(&name, &name), 0);
}

static void
segments_follow_each_other_whatever_their_size(void **state)
{
	assert_next("000000010000000000000001", 16 << 20, "000000010000000000000002");
	assert_next("0000000100000000000000FF", 16 << 20, "000000010000000100000000");
	assert_next("0000000100000000000000FF", 1 << 20, "000000010000000000000100");
	assert_next("000000010000000000000FFF", 1 << 20, "000000010000000100000000");
	assert_next("000000070000000A00000003", UINT64CONST(1) << 30, "000000070000000B00000000");
}

static void
a_timeline_comes_before_the_next_one(void **state)
{
	WalName		a;
	WalName		b;

	assert_true(wal_name_parse("00000001FFFFFFFF000000FF", &a));
	assert_true(wal_name_parse("000000020000000000000001", &b));
	assert_true(wal_segment_compare(&a, &b) < 0);
	assert_true(wal_segment_compare(&b, &a) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_names_that_a_server_gives_are_read),
		cmocka_unit_test(what_is_no_such_name_is_refused),
		cmocka_unit_test(a_name_with_one_byte_changed_is_refused_or_means_itself),
		cmocka_unit_test(folders_hold_what_has_the_same_first_digits),
		cmocka_unit_test(segments_follow_each_other_whatever_their_size),
		cmocka_unit_test(a_timeline_comes_before_the_next_one),
	};

	return cmocka_run_group_tests_name("names of WAL files", tests, NULL, NULL);
}

/*
 * The pieces of a segment that its server has not finished.
 */
#include "helpers.h"

#include "common/wal_tail.h"

#define SEGMENT "000000010000000A000000FF"

#define PIECE(first, behind) {.kind = WAL_TAIL, .timeline = 1, .from = (first), .to = (behind)}

static void
the_names_of_pieces_are_read_and_written(void **state)
{
	static const char file[] = SEGMENT ".00000000.00A3F010.tail";
	WalName		name;
	char		again[WAL_NAME_SIZE];
	char		folder[WAL_FOLDER_SIZE];

	assert_true(wal_file_parse(file, &name));
	assert_int_equal(name.kind, WAL_TAIL);
	assert_int_equal(name.segment, 0xFF);
	assert_int_equal(name.from, 0);
	assert_int_equal(name.to, 0xA3F010);
	wal_tail_format(&name, again);
	assert_string_equal(again, file);
	wal_name_folder(&name, folder);
	assert_string_equal(folder, "00000001/tail");
}

static void
other_files_have_the_names_that_a_server_gives(void **state)
{
	WalName		name;

	assert_true(wal_file_parse(SEGMENT, &name));
	assert_int_equal(name.kind, WAL_SEGMENT);
	assert_int_equal(name.to, 0);
	assert_true(wal_file_parse("00000002.history", &name));
	assert_int_equal(name.kind, WAL_HISTORY);
	assert_false(wal_name_parse(SEGMENT ".00000000.00A3F010.tail", &name));
}

static void
what_is_no_name_of_a_piece_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "0", "000000010000000A", SEGMENT ".", SEGMENT ".00000000", SEGMENT ".00000000.tail",
		SEGMENT ".00000000.00000000.tail", SEGMENT ".00000002.00000001.tail",
		SEGMENT ".0000000.000000001.tail", SEGMENT ".00000000.0000000a.tail",
		SEGMENT ".00000000.00000001.tail.", SEGMENT ".00000000-00000001.tail",
		"00000000000000000000000100000000.00000001.tail",
	};
	WalName		name;

	for (int i = 0; i < lengthof(wrong); i++)
	{
		if (wal_file_parse(wrong[i], &name))
			fail_msg("\"%s\" was taken for the name of a file", wrong[i]);
	}
}

static void
pieces_reach_as_far_as_they_hang_together(void **state)
{
	const WalName pieces[] = {PIECE(50, 80), PIECE(0, 20), PIECE(20, 50), PIECE(90, 100)};

	assert_int_equal(wal_tail_reach(pieces, 0), 0);
	assert_int_equal(wal_tail_reach(pieces, 1), 0);
	assert_int_equal(wal_tail_reach(pieces, 2), 20);
	assert_int_equal(wal_tail_reach(pieces, 3), 80);
	assert_int_equal(wal_tail_reach(pieces, 4), 80);
	assert_true(wal_tail_has_gap(pieces, 1));
	assert_true(wal_tail_has_gap(pieces, 2));
	assert_false(wal_tail_has_gap(pieces, 3));
	assert_true(wal_tail_has_gap(pieces, 4));
	assert_false(wal_tail_has_gap(pieces, 0));
}

static void
a_piece_that_holds_others_takes_their_place(void **state)
{
	const WalName pieces[] = {PIECE(0, 20), PIECE(20, 50), PIECE(0, 60), PIECE(60, 70)};

	assert_int_equal(wal_tail_next(pieces, 4, 0), 2);
	assert_int_equal(wal_tail_next(pieces, 4, 60), 3);
	assert_int_equal(wal_tail_next(pieces, 4, 70), -1);
	assert_int_equal(wal_tail_reach(pieces, 4), 70);
	assert_true(wal_tail_is_covered(pieces, 4, 0));
	assert_true(wal_tail_is_covered(pieces, 4, 1));
	assert_false(wal_tail_is_covered(pieces, 4, 2));
	assert_false(wal_tail_is_covered(pieces, 4, 3));
	assert_false(wal_tail_is_covered(pieces, 2, 0));
}

static void
there_are_never_many_pieces(void **state)
{
	WalName		pieces[WAL_TAIL_PIECES];

	for (int i = 0; i < WAL_TAIL_PIECES; i++)
	{
		assert_int_equal(wal_tail_begin(pieces, i), 10 * i);
		pieces[i] = (WalName) PIECE(10 * i, 10 * i + 10);
	}
	assert_int_equal(wal_tail_begin(pieces, WAL_TAIL_PIECES), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_names_of_pieces_are_read_and_written),
		cmocka_unit_test(other_files_have_the_names_that_a_server_gives),
		cmocka_unit_test(what_is_no_name_of_a_piece_is_refused),
		cmocka_unit_test(pieces_reach_as_far_as_they_hang_together),
		cmocka_unit_test(a_piece_that_holds_others_takes_their_place),
		cmocka_unit_test(there_are_never_many_pieces),
	};

	return cmocka_run_group_tests_name("pieces of WAL segments", tests, NULL, NULL);
}

/*
 * The names of objects of the WAL archive.
 */
#include "helpers.h"

#include "common/wal_object.h"

#define SEGMENT "000000010000000A000000FF"
#define PROOFS "-00112233445566778899aabbccddeeff-ffeeddccbbaa99887766554433221100"
#define KEY "-0123456789abcdef"

static void
what_is_written_is_read_back(void **state)
{
	static const char *const names[] = {
		SEGMENT PROOFS, SEGMENT PROOFS ".zst", SEGMENT PROOFS KEY ".aes",
		SEGMENT PROOFS KEY ".lz4.aes", "00000002.history" PROOFS ".gz",
		SEGMENT ".partial" PROOFS KEY ".zst.aes", SEGMENT ".00000000.00F00000.tail" PROOFS KEY ".zst.aes", SEGMENT ".00000028.backup" PROOFS ".zst",
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		WalObject	object;
		char		again[WAL_OBJECT_SIZE];

		assert_true(wal_object_parse(names[i], &object));
		wal_object_format(&object, again);
		assert_string_equal(again, names[i]);
	}
}

static void
what_cannot_be_such_a_name_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", SEGMENT, SEGMENT "-", SEGMENT "-0011", "x" PROOFS, SEGMENT PROOFS ".aes",
		SEGMENT PROOFS KEY, SEGMENT PROOFS KEY ".zst", SEGMENT PROOFS ".zst.aes",
		SEGMENT PROOFS ".zst ", SEGMENT PROOFS "-0123.aes", SEGMENT PROOFS "0.zst",
		SEGMENT PROOFS KEY ".aes.zst", SEGMENT PROOFS KEY KEY ".aes",
		"000000010000000A000000FF000000010000000A000000FF" PROOFS,
		SEGMENT ".00000010.00000010.tail" PROOFS, SEGMENT ".00000010.tail" PROOFS,
		"00000002.history.00000000.00F00000.tail" PROOFS,
	};
	WalObject	object;

	for (int i = 0; i < lengthof(wrong); i++)
	{
		if (wal_object_parse(wrong[i], &object))
			fail_msg("\"%s\" was taken for the name of an object", wrong[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(what_cannot_be_such_a_name_is_refused),
	};

	return cmocka_run_group_tests_name("names of WAL objects", tests, NULL, NULL);
}

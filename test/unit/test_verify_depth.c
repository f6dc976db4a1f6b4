/*
 * Words for the depths of verification.
 */
#include "helpers.h"

#include "common/verify_depth.h"

static void
every_depth_is_read_by_its_name(void **state)
{
	for (VerifyDepth depth = VERIFY_DIGEST; depth <= VERIFY_RESTORE; depth++)
	{
		VerifyDepth parsed;

		assert_true(verify_depth_parse(verify_depth_name(depth), &parsed));
		assert_int_equal(parsed, depth);
	}
}

static void
deeper_depths_compare_greater(void **state)
{
	assert_true(VERIFY_DIGEST < VERIFY_ARCHIVE);
	assert_true(VERIFY_ARCHIVE < VERIFY_FULL);
	assert_true(VERIFY_FULL < VERIFY_RESTORE);
}

static void
another_word_is_refused_and_changes_nothing(void **state)
{
	static const char *const wrong[] = {"", "dig", "digests", "Digest", "archive ", "none"};
	VerifyDepth depth = VERIFY_FULL;

	for (int i = 0; i < lengthof(wrong); i++)
		assert_false(verify_depth_parse(wrong[i], &depth));
	assert_int_equal(depth, VERIFY_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_depth_is_read_by_its_name),
		cmocka_unit_test(deeper_depths_compare_greater),
		cmocka_unit_test(another_word_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

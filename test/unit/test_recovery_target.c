/*
 * How far a recovery goes.
 */
#include "helpers.h"

#include "common/recovery_target.h"

/*
 * What the server's setting is to be for what a user gave; NULL if that is
 * refused.
 */
static const char *
setting(RecoveryKind kind, const char *given)
{
	static RecoveryTarget target;

	memset(&target, 0, sizeof(target));
	return recovery_target_parse(&target, kind, given) ? target.text : NULL;
}

static void
times_are_given_to_the_server_in_utc(void **state)
{
	RecoveryTarget target = {0};

	assert_string_equal(setting(RECOVERY_TIME, "2026-11-23 14:30:00Z"), "2026-11-23 14:30:00.000000+00");
	assert_string_equal(setting(RECOVERY_TIME, "2026-11-23 14:30:00.25+01"), "2026-11-23 13:30:00.250000+00");
	assert_string_equal(setting(RECOVERY_TIME, "2026-12-31T23:30:00 -05:30"), "2027-01-01 05:00:00.000000+00");
	assert_true(recovery_target_parse(&target, RECOVERY_TIME, "1970-01-02 00:00:00.000001+0000"));
	assert_int_equal(target.time_us, INT64CONST(86400000001));
}

static void
times_without_a_zone_or_that_never_are_get_refused(void **state)
{
	static const char *const wrong[] = {
		"", "now", "2026-11-23", "2026-11-23 14:30", "2026-11-23 14:30:00", "2026-02-29 00:00:00Z",
		"2026-13-01 00:00:00Z", "2026-11-23 24:00:00Z", "2026-11-23 14:30:00.Z", "2026-11-23 14:30:00+1",
		"2026-11-23 14:30:00.1234567Z", "2026-11-23 14:30:00Z ", "2026-11-23 14:30:00+01'", "1970-01-01 00:00:00+01",
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		if (setting(RECOVERY_TIME, wrong[i]) != NULL)
			fail_msg("\"%s\" was taken for a time", wrong[i]);
	}
}

static void
positions_and_transactions_are_numbers(void **state)
{
	assert_string_equal(setting(RECOVERY_LSN, "16/b374d848"), "16/B374D848");
	assert_null(setting(RECOVERY_LSN, "16"));
	assert_null(setting(RECOVERY_LSN, "16/"));
	assert_null(setting(RECOVERY_LSN, "0/0"));
	assert_null(setting(RECOVERY_LSN, "0/123456789"));
	assert_null(setting(RECOVERY_LSN, "0/12 "));
	assert_string_equal(setting(RECOVERY_XID, "18446744073709551615"), "18446744073709551615");
	assert_null(setting(RECOVERY_XID, "18446744073709551616"));
	assert_null(setting(RECOVERY_XID, "-1"));
	assert_null(setting(RECOVERY_XID, "0"));
}

static void
names_fit_into_what_the_server_keeps_of_them(void **state)
{
	assert_string_equal(setting(RECOVERY_NAME, "before the 'upgrade'"), "before the 'upgrade'");
	assert_null(setting(RECOVERY_NAME, ""));
	assert_non_null(setting(RECOVERY_NAME, "123456789012345678901234567890123456789012345678901234567890123"));
	assert_null(setting(RECOVERY_NAME, "1234567890123456789012345678901234567890123456789012345678901234"));
}

static void
timelines_and_actions_are_checked(void **state)
{
	uint32_t	timeline;
	RecoveryAction action;

	assert_true(recovery_timeline_parse("4294967295", &timeline));
	assert_int_equal(timeline, UINT32_MAX);
	assert_false(recovery_timeline_parse("4294967296", &timeline));
	assert_false(recovery_timeline_parse("0", &timeline));
	assert_false(recovery_timeline_parse("latest", &timeline));
	assert_true(recovery_action_parse("shutdown", &action));
	assert_string_equal(recovery_action_name(action), "shutdown");
	assert_false(recovery_action_parse("stop", &action));
}

static void
a_backup_must_be_complete_before_the_target(void **state)
{
	RecoveryStart start = {.started_ms = 1000, .finished_ms = 2000, .stop_lsn = 100};
	RecoveryTarget target = {.kind = RECOVERY_TIME};

	target.time_us = 2000000;
	assert_true(recovery_is_after(&target, &start));
	target.time_us = 1999999;
	assert_false(recovery_is_after(&target, &start));
	assert_false(recovery_is_before(&target, &start));
	target.time_us = 999999;
	assert_true(recovery_is_before(&target, &start));
	target.kind = RECOVERY_LSN;
	target.lsn = 100;
	assert_true(recovery_is_after(&target, &start));
	target.lsn = 99;
	assert_true(recovery_is_before(&target, &start));
	target.kind = RECOVERY_XID;
	assert_true(recovery_is_after(&target, &start));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_given_to_the_server_in_utc),
		cmocka_unit_test(times_without_a_zone_or_that_never_are_get_refused),
		cmocka_unit_test(positions_and_transactions_are_numbers),
		cmocka_unit_test(names_fit_into_what_the_server_keeps_of_them),
		cmocka_unit_test(timelines_and_actions_are_checked),
		cmocka_unit_test(a_backup_must_be_complete_before_the_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

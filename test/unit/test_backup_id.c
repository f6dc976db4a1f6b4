/*
 * Identifiers of backups.
 */
#include "helpers.h"

#include "common/backup_id.h"

static void
an_identifier_is_the_time_in_utc_and_the_type(void **state)
{
	char		id[BACKUP_ID_SIZE];

	backup_id_make(id, INT64CONST(1795370400), BACKUP_FULL);
	assert_string_equal(id, "20261122T180000Z-full");
	backup_id_make(id, 0, BACKUP_INCREMENTAL);
	assert_string_equal(id, "19700101T000000Z-incremental");
}

static void
every_identifier_that_is_made_is_read_back(void **state)
{
	for (int i = 0; i < 20000; i++)
	{
		int64		made_time = ((int64) random_below(PG_UINT32_MAX) << 6) + random_below(64);
		BackupType	made_type = random_below(BACKUP_INCREMENTAL + 1);
		char		id[BACKUP_ID_SIZE];
		int64_t		read_time;
		BackupType	read_type;

		if (made_time >= INT64CONST(253402300800))
			continue;
		backup_id_make(id, made_time, made_type);
		assert_true(backup_id_parse(id, &read_time, &read_type));
		assert_int_equal(read_time, made_time);
		assert_int_equal(read_type, made_type);
	}
}

static void
identifiers_sort_by_time(void **state)
{
	char		earlier[BACKUP_ID_SIZE];
	char		later[BACKUP_ID_SIZE];

	for (int i = 0; i < 10000; i++)
	{
		int64		when = random_below(PG_UINT32_MAX);

		backup_id_make(earlier, when, random_below(BACKUP_INCREMENTAL + 1));
		backup_id_make(later, when + 1 + random_below(100000), random_below(BACKUP_INCREMENTAL + 1));
		assert_true(strcmp(earlier, later) < 0);
	}
}

static void
the_results_may_be_left_out(void **state)
{
	assert_true(backup_id_parse("20261122T180000Z-full", NULL, NULL));
}

static void
the_first_and_the_last_second_are_read(void **state)
{
	int64_t		unix_time;

	assert_true(backup_id_parse("19700101T000000Z-full", &unix_time, NULL));
	assert_int_equal(unix_time, 0);
	assert_true(backup_id_parse("99991231T235959Z-full", &unix_time, NULL));
	assert_int_equal(unix_time, INT64CONST(253402300799));
}

static void
what_is_no_identifier_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "2", "20261122T180000Z", "20261122T180000Z-", "20261122T180000Z-ful",
		"20261122T180000Z-full ", "20261122T180000Z-full/", "20261122T180000Z-FULL",
		"20261122T180000Z-schema-only", "20261122t180000Z-full", "20261122T180000z-full",
		"20261322T180000Z-full", "20261100T180000Z-full", "20260229T180000Z-full",
		"20261122T240000Z-full", "20261122T186000Z-full", "20261122T180060Z-full",
		"19691231T235959Z-full", "00000101T000000Z-full", " 20261122T180000Z-full",
		"+0261122T180000Z-full", "2026-11-22T18:00:00Z-full", "../../etc/passwd", "latest",
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		if (backup_id_parse(wrong[i], NULL, NULL))
			fail_msg("\"%s\" was taken for an identifier", wrong[i]);
	}
}

static void
an_identifier_with_one_byte_changed_is_refused_or_means_itself(void **state)
{
	char		id[BACKUP_ID_SIZE];
	char		again[BACKUP_ID_SIZE];
	size_t		length;

	backup_id_make(id, INT64CONST(1795370400), BACKUP_SCHEMA);
	length = strlen(id);
	for (int i = 0; i < length; i++)
	{
		char		original = id[i];

		for (int byte = 0; byte < 256; byte++)
		{
			int64_t		unix_time;
			BackupType	type;

			id[i] = (char) byte;
			if (!backup_id_parse(id, &unix_time, &type))
				continue;
			backup_id_make(again, unix_time, type);
			assert_string_equal(again, id);
		}
		id[i] = original;
	}
}

static void
an_identifier_with_a_trailing_byte_is_refused(void **state)
{
	char		id[BACKUP_ID_SIZE + 1] = "20261122T180000Z-data";
	size_t		length = strlen(id);

	for (int byte = 1; byte < 256; byte++)
	{
		id[length] = (char) byte;
		assert_false(backup_id_parse(id, NULL, NULL));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identifier_is_the_time_in_utc_and_the_type),
		cmocka_unit_test(every_identifier_that_is_made_is_read_back),
		cmocka_unit_test(identifiers_sort_by_time),
		cmocka_unit_test(the_results_may_be_left_out),
		cmocka_unit_test(the_first_and_the_last_second_are_read),
		cmocka_unit_test(what_is_no_identifier_is_refused),
		cmocka_unit_test(an_identifier_with_one_byte_changed_is_refused_or_means_itself),
		cmocka_unit_test(an_identifier_with_a_trailing_byte_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Words for the types of backups.
 */
#include "helpers.h"

#include "common/backup_type.h"

static void
every_type_is_read_by_its_name(void **state)
{
	for (BackupType type = BACKUP_FULL; type <= BACKUP_INCREMENTAL; type++)
	{
		BackupType	parsed;

		assert_true(backup_type_parse(backup_type_name(type), &parsed));
		assert_int_equal(parsed, type);
	}
}

static void
schema_only_and_data_only_are_aliases(void **state)
{
	BackupType	type;

	assert_true(backup_type_parse("schema-only", &type));
	assert_int_equal(type, BACKUP_SCHEMA);
	assert_true(backup_type_parse("data-only", &type));
	assert_int_equal(type, BACKUP_DATA);
	assert_string_equal(backup_type_name(BACKUP_SCHEMA), "schema");
}

static void
another_word_is_refused_and_changes_nothing(void **state)
{
	static const char *const wrong[] = {"", "f", "ful", "fully", "FULL", " full", "full ", "full-only"};
	BackupType	type = BACKUP_PHYSICAL;

	for (int i = 0; i < lengthof(wrong); i++)
		assert_false(backup_type_parse(wrong[i], &type));
	assert_int_equal(type, BACKUP_PHYSICAL);
}

static void
dumps_are_logical_and_copies_of_files_are_not(void **state)
{
	assert_true(backup_type_is_logical(BACKUP_FULL));
	assert_true(backup_type_is_logical(BACKUP_SCHEMA));
	assert_true(backup_type_is_logical(BACKUP_DATA));
	assert_false(backup_type_is_logical(BACKUP_PHYSICAL));
	assert_false(backup_type_is_logical(BACKUP_INCREMENTAL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read_by_its_name),
		cmocka_unit_test(schema_only_and_data_only_are_aliases),
		cmocka_unit_test(another_word_is_refused_and_changes_nothing),
		cmocka_unit_test(dumps_are_logical_and_copies_of_files_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

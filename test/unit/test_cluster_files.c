/*
 * Which files of a cluster belong into a backup, and what their names tell.
 */
#include "helpers.h"

#include "cluster/exclusion.h"
#include "cluster/relation_file.h"

static void
names_of_relations_are_taken_apart(void **state)
{
	static const struct
	{
		const char *name;
		RelationFile file;
	}			cases[] = {
		{"16384", {false, 16384, FORK_MAIN, 0}},
		{"16384.7", {false, 16384, FORK_MAIN, 7}},
		{"16384_fsm", {false, 16384, FORK_FSM, 0}},
		{"16384_vm.2", {false, 16384, FORK_VM, 2}},
		{"16384_init", {false, 16384, FORK_INIT, 0}},
		{"t3_16384", {true, 16384, FORK_MAIN, 0}},
		{"t12_16384_fsm.1", {true, 16384, FORK_FSM, 1}},
		{"4294967295", {false, 4294967295, FORK_MAIN, 0}},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		RelationFile file;

		assert_true(relation_file_parse(cases[i].name, &file));
		assert_int_equal(file.is_temporary, cases[i].file.is_temporary);
		assert_int_equal(file.number, cases[i].file.number);
		assert_int_equal(file.fork, cases[i].file.fork);
		assert_int_equal(file.segment, cases[i].file.segment);
	}
}

static void
other_names_are_none_of_relations(void **state)
{
	static const char *const names[] = {
		"", "PG_VERSION", "pg_filenode.map", "0", "016384", "16384_", "16384_foo",
		"16384.", "16384.0", "16384.x", "16384x", "t_16384", "t3_", "t3", "4294967296",
		"16384_fsm_vm", "99999999999",
	};
	RelationFile file;

	for (int i = 0; i < lengthof(names); i++)
		assert_false(relation_file_parse(names[i], &file));
}

static void
folders_with_relations_are_known(void **state)
{
	assert_true(is_relation_folder("global"));
	assert_true(is_relation_folder("base/5"));
	assert_true(is_relation_folder("pg_tblspc/16384/PG_15_202209061/5"));
	assert_false(is_relation_folder("base"));
	assert_false(is_relation_folder("base/pgsql_tmp"));
	assert_false(is_relation_folder("base/5/6"));
	assert_false(is_relation_folder("pg_tblspc/16384"));
	assert_false(is_relation_folder("pg_tblspc/16384/PG_15_202209061"));
	assert_false(is_relation_folder("log/5"));
}

static void
what_only_the_running_server_needs_is_left_out(void **state)
{
	assert_true(is_excluded_name("postmaster.pid"));
	assert_true(is_excluded_name("backup_label"));
	assert_true(is_excluded_name("pgsql_tmp12.3"));
	assert_true(is_excluded_name("pg_internal.init.17"));
	assert_false(is_excluded_name("backup_label.old"));
	assert_false(is_excluded_name("PG_VERSION"));
	assert_true(is_excluded_path("global/pg_control"));
	assert_true(is_excluded_path("pg_wal/000000010000000000000001"));
	assert_false(is_excluded_path("pg_wal"));
	assert_false(is_excluded_path("pg_wal/archive_status"));
	assert_true(is_emptied_folder("pg_wal/archive_status"));
	assert_true(is_emptied_folder("pg_replslot"));
	assert_false(is_emptied_folder("pg_xact"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_relations_are_taken_apart),
		cmocka_unit_test(other_names_are_none_of_relations),
		cmocka_unit_test(folders_with_relations_are_known),
		cmocka_unit_test(what_only_the_running_server_needs_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

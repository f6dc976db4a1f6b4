/*
 * Which files a walk through a cluster finds, and which WAL a backup needs.
 */
#include "helpers.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cluster/control.h"
#include "cluster/file_set.h"
#include "scratch.h"

/* The folders of a small cluster, with a tablespace inside of it. */
static const char *const folders[] = {
	"base", "base/5", "base/pgsql_tmp", "global", "pg_replslot", "pg_replslot/slot",
	"pg_tblspc", "pg_tblspc/20000", "pg_tblspc/20000/PG_15_1", "pg_tblspc/20000/PG_15_1/5",
	"pg_wal", "pg_wal/archive_status",
};

/* Its files; each has its path as the content. */
static const char *const files[] = {
	"PG_VERSION", "backup_label", "base/5/16384", "base/5/16384.1", "base/5/16384_vm",
	"base/5/16385", "base/5/16385_fsm", "base/5/16385_init", "base/5/PG_VERSION",
	"base/5/pg_internal.init", "base/5/t3_16386", "base/pgsql_tmp/pgsql_tmp1.0",
	"global/1262", "global/pg_control", "pg_replslot/slot/state",
	"pg_tblspc/20000/PG_15_1/5/16390", "pg_wal/000000010000000000000001",
	"pg_wal/archive_status/000000010000000000000001.done", "postmaster.pid",
};

/*
 * Makes the cluster, with another tablespace behind a link.
 */
static char *
make_cluster(void)
{
	char	   *root = scratch_directory();
	char	   *elsewhere = scratch_directory();

	for (int i = 0; i < lengthof(folders); i++)
		assert_int_equal(mkdir(psprintf("%s/%s", root, folders[i]), 0700), 0);
	for (int i = 0; i < lengthof(files); i++)
		scratch_write(psprintf("%s/%s", root, files[i]), files[i], strlen(files[i]));
	assert_int_equal(mkdir(psprintf("%s/PG_15_1", elsewhere), 0700), 0);
	assert_int_equal(mkdir(psprintf("%s/PG_15_1/5", elsewhere), 0700), 0);
	assert_int_equal(mkdir(psprintf("%s/PG_14_1", elsewhere), 0700), 0);
	scratch_write(psprintf("%s/PG_15_1/5/16400", elsewhere), "linked", 6);
	assert_int_equal(symlink(elsewhere, psprintf("%s/pg_tblspc/20001", root)), 0);
	assert_int_equal(symlink(elsewhere, psprintf("%s/base/link", root)), 0);
	return root;
}

/* What there is to be, in order, and how. */
static const ClusterFile expected[] = {
	{.path = "PG_VERSION", .is_member = true},
	{.path = "base", .is_directory = true, .is_member = true},
	{.path = "base/5", .is_directory = true, .is_member = true},
	{.path = "base/5/16384", .is_member = true, .has_pages = true},
	{.path = "base/5/16384.1", .is_member = true, .has_pages = true, .segment = 1},
	{.path = "base/5/16384_vm", .is_member = true, .has_pages = true},
	{.path = "base/5/16385_init", .is_member = true, .has_pages = true},
	{.path = "base/5/PG_VERSION", .is_member = true},
	{.path = "global", .is_directory = true, .is_member = true},
	{.path = "global/1262", .is_member = true, .has_pages = true},
	{.path = "pg_replslot", .is_directory = true, .is_member = true},
	{.path = "pg_tblspc", .is_directory = true, .is_member = true},
	{.path = "pg_tblspc/20000", .is_directory = true, .is_member = true},
	{.path = "pg_tblspc/20000/PG_15_1", .is_directory = true, .is_member = true},
	{.path = "pg_tblspc/20000/PG_15_1/5", .is_directory = true, .is_member = true},
	{.path = "pg_tblspc/20000/PG_15_1/5/16390", .is_member = true, .has_pages = true},
	{.path = "pg_tblspc/20001/PG_15_1", .is_directory = true},
	{.path = "pg_tblspc/20001/PG_15_1/5", .is_directory = true},
	{.path = "pg_tblspc/20001/PG_15_1/5/16400", .is_member = true, .has_pages = true},
	{.path = "pg_wal", .is_directory = true, .is_member = true},
	{.path = "pg_wal/archive_status", .is_directory = true, .is_member = true},
};

static void
a_walk_finds_what_belongs_into_a_backup(void **state)
{
	FileSet    *set = cluster_walk(make_cluster(), 15);

	for (int i = 0; i < Min(set->count, lengthof(expected)); i++)
	{
		assert_string_equal(set->files[i].path, expected[i].path);
		assert_int_equal(set->files[i].is_directory, expected[i].is_directory);
		assert_int_equal(set->files[i].is_member, expected[i].is_member);
		assert_int_equal(set->files[i].has_pages, expected[i].has_pages);
		assert_int_equal(set->files[i].segment, expected[i].segment);
	}
	assert_int_equal(set->count, lengthof(expected));
}

static void
configuration_files_from_elsewhere_are_added(void **state)
{
	FileSet		set = {0};
	char	   *source = psprintf("%s/pg_hba.conf", scratch_directory());

	scratch_write(source, "local", 5);
	file_set_add_config(&set, "config/pg_hba.conf", source);
	assert_int_equal(set.count, 1);
	assert_string_equal(set.files[0].source, source);
	assert_int_equal(set.files[0].size, 5);
}

static void
a_configuration_file_that_is_none_is_left_out(void **state)
{
	FileSet		set = {0};

	/* Whatever failed before has nothing to do with it. */
	errno = EACCES;
	file_set_add_config(&set, "config/pg_ident.conf", "/dev/null");
	file_set_add_config(&set, "config/pg_ident.conf", "/nonexistent/file");
	assert_int_equal(set.count, 0);
}

static void
two_files_with_one_path(void *argument)
{
	FileSet		set = {0};
	char	   *source = psprintf("%s/file", scratch_directory());

	scratch_write(source, "", 0);
	file_set_add_config(&set, "config/file", source);
	file_set_add_config(&set, "config/file", source);
	file_set_sort(&set);
}

static void
two_files_with_one_path_are_refused(void **state)
{
	expect_failure(FAILURE_STATE, "cannot back up two files with the path \"config/file\"",
				   two_files_with_one_path, NULL);
}

static void
a_backup_needs_the_wal_from_its_beginning_to_its_end(void **state)
{
	PhysicalBackup physical = {.timeline = 3, .wal_segment_size = 16 * 1024 * 1024};

	physical.start_lsn = UINT64CONST(0xFEFFFFFF);
	physical.stop_lsn = UINT64CONST(0x100000001);
	assert_int_equal(wal_segment_count(&physical), 3);
	assert_string_equal(wal_segment_name_at(&physical, 0), "0000000300000000000000FE");
	assert_string_equal(wal_segment_name_at(&physical, 1), "0000000300000000000000FF");
	assert_string_equal(wal_segment_name_at(&physical, 2), "000000030000000100000000");
	physical.stop_lsn--;
	assert_int_equal(wal_segment_count(&physical), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_finds_what_belongs_into_a_backup),
		cmocka_unit_test(configuration_files_from_elsewhere_are_added),
		cmocka_unit_test(a_configuration_file_that_is_none_is_left_out),
		cmocka_unit_test(two_files_with_one_path_are_refused),
		cmocka_unit_test(a_backup_needs_the_wal_from_its_beginning_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

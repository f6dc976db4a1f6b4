/*
 * Restoring files: which paths are taken, where they go, and what
 * pg_verifybackup is told.
 */
#include "helpers.h"

#include <jansson.h>

#include "cluster/backup_manifest.h"
#include "cluster/restore_plan.h"
#include "cluster/tablespace_mapping.h"
#include "scratch.h"

static void
mappings_of_tablespaces_are_read(void **state)
{
	static const struct
	{
		const char *argument;
		const char *from;
		const char *to;
	}			cases[] = {
		{"/a=/b", "/a", "/b"},
		{"/a/b c/=/d//e/", "/a/b c", "/d/e"},
		{"/a\\=b=/c", "/a=b", "/c"},
		{"/a=/b\\=c", "/a", "/b=c"},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		TablespaceMapping mapping;

		assert_true(tablespace_mapping_parse(cases[i].argument, &mapping));
		assert_string_equal(mapping.from, cases[i].from);
		assert_string_equal(mapping.to, cases[i].to);
	}
}

static void
other_mappings_are_refused(void **state)
{
	static const char *const arguments[] = {
		"", "/a", "/a=", "=/b", "a=/b", "/a=b", "/a=/b=/c", "/a\\=/b",
	};
	TablespaceMapping mapping;

	for (int i = 0; i < lengthof(arguments); i++)
		assert_false(tablespace_mapping_parse(arguments[i], &mapping));
}

static void
a_mapping_applies_to_its_location_alone(void **state)
{
	TablespaceMapping mappings[2];

	assert_true(tablespace_mapping_parse("/a=/x", &mappings[0]));
	assert_true(tablespace_mapping_parse("/b=/y", &mappings[1]));
	assert_string_equal(tablespace_mapping_apply(mappings, 2, "/b/"), "/y");
	assert_string_equal(tablespace_mapping_apply(mappings, 2, "/b/c"), "/b/c");
	assert_false(mappings[0].used);
	assert_true(mappings[1].used);
}

static void
a_path_is_within_its_folders(void **state)
{
	assert_true(path_is_within("/a", "/a"));
	assert_true(path_is_within("/a/b", "/a"));
	assert_true(path_is_within("/a", "/"));
	assert_false(path_is_within("/ab", "/a"));
	assert_false(path_is_within("/", "/a"));
}

static void
a_backup_has_no_files_that_the_server_makes(void **state)
{
	static const char *const refused[] = {
		"global/pg_control", "backup_label", "tablespace_map", "backup_manifest",
		"postmaster.pid", "pg_wal/000000010000000000000001",
		"pg_wal/archive_status/000000010000000000000001.ready", "erpgo_backup.restoring",
		"base/5/pg_internal.init",
	};
	static const char *const taken[] = {
		"PG_VERSION", "base/5/1259", "pg_wal", "pg_wal/archive_status", "postgresql.conf",
		"pg_xact/0000",
	};

	for (int i = 0; i < lengthof(refused); i++)
		assert_false(restore_path_is_allowed(refused[i]));
	for (int i = 0; i < lengthof(taken); i++)
		assert_true(restore_path_is_allowed(taken[i]));
}

/* A target with one tablespace. */
static TargetFolder folders[] = {
	{"/data", InvalidOid, -1},
	{"/etc/data", InvalidOid, -1},
	{"/place", 16384, -1},
};
static Target target = {folders, lengthof(folders), 0700};

static void
each_file_has_its_folder(void **state)
{
	static const struct
	{
		const char *path;
		const char *source;
		const char *expected;
	}			cases[] = {
		{"base/5/1259", NULL, "/data/base/5/1259"},
		{"pg_tblspc/16384/PG_15_202209061/5/1", NULL, "/place/PG_15_202209061/5/1"},
		{"pg_tblspc/16384", NULL, "/place"},
		{"pg_tblspc/16385/PG_15_202209061/5/1", NULL, "/data/pg_tblspc/16385/PG_15_202209061/5/1"},
		{"pg_tblspc/163840/x", NULL, "/data/pg_tblspc/163840/x"},
		{"config/postgresql.conf", "/etc/pg/postgresql.conf", "/etc/data/postgresql.conf"},
		{"config/postgresql.conf", NULL, "/data/config/postgresql.conf"},
		{"postgresql.conf", NULL, "/data/postgresql.conf"},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		ListedFile	file = {
			.member = {.path = cases[i].path},
			.source = unconstify(char *, cases[i].source)
		};

		assert_string_equal(target_text(&target, target_locate(&target, &file)),
							cases[i].expected);
	}
}

/* A real one, with a link that leads out of it. */
static TargetFolder real_folder = {NULL, InvalidOid, -1};
static Target real_target = {&real_folder, 1, 0700};

static void
create_behind_link(void *argument)
{
	target_create_file(&real_target, data_path(argument), 0600);
}

static void
make_folder_behind_link(void *argument)
{
	target_make_folder(&real_target, data_path(argument), 0700);
}

static void
nothing_is_written_behind_a_link(void **state)
{
	char	   *outside = scratch_directory();
	char	   *file = psprintf("%s/file", outside);

	real_folder.path = scratch_directory();
	target_open(&real_target);
	target_make_link(&real_target, data_path("link"), outside);
	target_make_link(&real_target, data_path("name"), file);
	scratch_write(file, "mine", 4);
	expect_failure(FAILURE_STATE, "something that is not a folder", create_behind_link,
				   "link/new");
	expect_failure(FAILURE_STATE, "something that is not a folder", make_folder_behind_link,
				   "link");
	expect_failure(FAILURE_IO, "File exists", create_behind_link, "name");
	target_remove_file(&real_target, data_path("name"));
	assert_string_equal(scratch_read(file, NULL), "mine");
	assert_int_equal(scratch_count_files(outside), 1);
}

/*
 * The manifest of a backup of one version of the server; its text.
 */
static char *
make_manifest(int server_version, const BackupManifestFile *files, int count)
{
	PhysicalBackup physical = {.timeline = 3, .start_lsn = 0x2000028, .stop_lsn = 0x2000100};
	Manifest	manifest = {
		.server_version = server_version,
		.system_identifier = "7307061402344213589",
		.physical = &physical
	};
	char	   *made;
	size_t		len;
	Sink	   *sink = memory_sink(&made, &len, 1024 * 1024, "backup_manifest");
	BackupManifestWriter *writer = backup_manifest_begin(sink, &manifest);

	for (int i = 0; i < count; i++)
		backup_manifest_add(writer, &files[i]);
	backup_manifest_finish(writer);
	sink_finish(sink);
	sink_release(sink);
	return made;
}

static void
a_manifest_is_json_with_its_own_checksum(void **state)
{
	static const BackupManifestFile files[] = {
		{"PG_VERSION", 3, 0, "aa"},
		{"a \"file\"\n\xc3\xa4", 5, 1700000000, "bb"},
	};
	char	   *made = make_manifest(150018, files, lengthof(files));
	char	   *last = strstr(made, "\"Manifest-Checksum\"");
	json_t	   *json = json_loads(made, JSON_REJECT_DUPLICATES, NULL);
	json_t	   *second = json_array_get(json_object_get(json, "Files"), 1);
	Digest		digest;
	Sink	   *sink = digest_sink(NULL, &digest);

	assert_non_null(last);
	sink_write(sink, made, last - made);
	sink_finish(sink);
	sink_release(sink);
	assert_string_equal(json_string_value(json_object_get(json, "Manifest-Checksum")),
						digest.sha256);
	assert_string_equal(json_string_value(json_object_get(second, "Path")), files[1].path);
	assert_string_equal(json_string_value(json_object_get(second, "Last-Modified")),
						"2023-11-14 22:13:20 GMT");
	assert_non_null(strstr(made, "\"Timeline\": 3, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"0/2000100\""));
	json_decref(json);
}

static void
a_manifest_has_the_version_of_its_server(void **state)
{
	char	   *old = make_manifest(160004, NULL, 0);
	char	   *new = make_manifest(170000, NULL, 0);

	assert_non_null(strstr(old, "\"PostgreSQL-Backup-Manifest-Version\": 1,"));
	assert_null(strstr(old, "System-Identifier"));
	assert_non_null(strstr(new, "\"PostgreSQL-Backup-Manifest-Version\": 2,"));
	assert_non_null(strstr(new, "\"System-Identifier\": 7307061402344213589,"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mappings_of_tablespaces_are_read),
		cmocka_unit_test(other_mappings_are_refused),
		cmocka_unit_test(a_mapping_applies_to_its_location_alone),
		cmocka_unit_test(a_path_is_within_its_folders),
		cmocka_unit_test(a_backup_has_no_files_that_the_server_makes),
		cmocka_unit_test(each_file_has_its_folder),
		cmocka_unit_test(nothing_is_written_behind_a_link),
		cmocka_unit_test(a_manifest_is_json_with_its_own_checksum),
		cmocka_unit_test(a_manifest_has_the_version_of_its_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

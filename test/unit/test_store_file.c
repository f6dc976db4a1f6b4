/*
 * The store that is a directory.
 */
#include "helpers.h"
#include "scratch.h"
#include "store_conformance.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "stream/filters.h"

/* The directory of the store that is tested. */
static char *directory;

static Store *
open_new_directory(void)
{
	directory = scratch_directory();
	return store_open(psprintf("file://%s", directory), false);
}

static int
open_store(void **state)
{
	*state = open_new_directory();
	return 0;
}

static int
close_store(void **state)
{
	store_close(*state);
	return 0;
}

static char *
path_of(const char *name)
{
	return psprintf("%s/%s", directory, name);
}

static mode_t
mode_of(const char *name)
{
	struct stat status;

	assert_int_equal(stat(path_of(name), &status), 0);
	return status.st_mode & 07777;
}

static void
put_object(void *store)
{
	store_put_text(store, "folder/object", "content", PUT_NEW);
}

static void
get_object(void *store)
{
	store_get_text(store, "folder/object", 1024);
}

static void
remove_object(void *store)
{
	store_remove(store, "folder/object");
}

static void
objects_are_for_their_owner_only(void **state)
{
	mode_t		mask = umask(0);

	put_object(*state);
	umask(mask);
	assert_int_equal(mode_of("folder"), 0700);
	assert_int_equal(mode_of("folder/object"), 0600);
}

static void
folders_go_with_their_last_object(void **state)
{
	store_put_text(*state, "a/b/c/one", "1", PUT_NEW);
	store_put_text(*state, "a/two", "2", PUT_NEW);
	store_remove(*state, "a/b/c/one");
	assert_int_equal(access(path_of("a/b"), F_OK), -1);
	assert_int_equal(access(path_of("a/two"), F_OK), 0);
	store_remove(*state, "a/two");
	assert_int_equal(access(path_of("a"), F_OK), -1);
	assert_int_equal(access(directory, F_OK), 0);
}

static void
put_and_be_killed(Store *store)
{
	pid_t		pid = worker_fork();
	int			status;

	if (pid == 0)
	{
		sink_write(store_put(store, "folder/new", PUT_NEW), "bytes", 5);
		sink_write(store_put(store, "folder/object", PUT_REPLACE), "bytes", 5);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
}

/*
 * A new object leaves nothing even where its writer is killed; one that was to
 * replace another leaves a file.
 */
static void
a_sweep_leaves_neither_files_nor_folders(void **state)
{
	put_and_be_killed(*state);
	assert_int_equal(scratch_count_files(directory), 1);
	store_sweep(*state, "other/");
	assert_int_equal(scratch_count_files(directory), 1);
	store_sweep(*state, "folder/");
	assert_int_equal(scratch_count_files(directory), 0);
	assert_int_equal(access(path_of("folder"), F_OK), -1);
}

static void
put_and_fail(void *store)
{
	sink_write(store_put(store, "folder/object", PUT_NEW), "bytes", 5);
	sink_write(store_put(store, "folder/other", PUT_REPLACE), "bytes", 5);
	fail(FAILURE_STATE, NULL, "something else went wrong");
}

static void
folders_without_a_file_are_pruned(void **state)
{
	put_object(*state);
	assert_int_equal(mkdir(path_of("folder/empty"), 0700), 0);
	assert_int_equal(mkdir(path_of("folder/empty/too"), 0700), 0);
	assert_int_equal(mkdir(path_of("elsewhere"), 0700), 0);
	store_prune(*state, "folder/");
	assert_int_equal(access(path_of("folder/empty"), F_OK), -1);
	assert_int_equal(access(path_of("folder/object"), F_OK), 0);
	assert_int_equal(access(path_of("elsewhere"), F_OK), 0);
}

static void
a_failure_leaves_neither_files_nor_folders(void **state)
{
	expect_failure(FAILURE_STATE, "something", put_and_fail, *state);
	assert_int_equal(scratch_count_files(directory), 0);
	assert_int_equal(access(path_of("folder"), F_OK), -1);
}

static void
refuse_again(void *store)
{
	store_put_text(store, "folder/object", "second", PUT_NEW);
}

static void
a_refused_object_leaves_no_file(void **state)
{
	put_object(*state);
	expect_failure(FAILURE_DUPLICATE, "already exists", refuse_again, *state);
	assert_int_equal(scratch_count_files(directory), 1);
}

static void
a_worker_does_not_remove_what_its_parent_makes(void **state)
{
	Sink	   *object = store_put(*state, "folder/object", PUT_NEW);
	pid_t		pid = worker_fork();

	if (pid == 0)
		exit(0);
	waitpid(pid, NULL, 0);
	sink_write(object, "content", 7);
	sink_finish(object);
	sink_release(object);
	assert_string_equal(scratch_read(path_of("folder/object"), NULL), "content");
}

static void
a_link_in_the_place_of_a_folder_is_not_followed(void **state)
{
	char	   *elsewhere = scratch_directory();

	scratch_write(psprintf("%s/object", elsewhere), "secret", 6);
	assert_int_equal(symlink(elsewhere, path_of("folder")), 0);
	expect_failure(FAILURE_DAMAGED, "not a folder", get_object, *state);
	expect_failure(FAILURE_DAMAGED, "not a folder", put_object, *state);
	expect_failure(FAILURE_DAMAGED, "not a folder", remove_object, *state);
	assert_int_equal(scratch_count_files(elsewhere), 1);
}

static void
a_link_in_the_place_of_an_object_is_not_followed(void **state)
{
	char	   *elsewhere = psprintf("%s/file", scratch_directory());

	scratch_write(elsewhere, "secret", 6);
	assert_int_equal(mkdir(path_of("folder"), 0700), 0);
	assert_int_equal(symlink(elsewhere, path_of("folder/object")), 0);
	expect_failure(FAILURE_DAMAGED, "folder/object", get_object, *state);
	expect_failure(FAILURE_DUPLICATE, "already exists", put_object, *state);
	store_put_text(*state, "folder/object", "content", PUT_REPLACE);
	assert_string_equal(scratch_read(elsewhere, NULL), "secret");
	assert_string_equal(scratch_read(path_of("folder/object"), NULL), "content");
}

static void
what_is_not_a_regular_file_is_no_object(void **state)
{
	assert_int_equal(mkdir(path_of("folder"), 0700), 0);
	assert_int_equal(mkfifo(path_of("folder/object"), 0600), 0);
	expect_failure(FAILURE_DAMAGED, "not a regular file", get_object, *state);
	unlink(path_of("folder/object"));
	assert_int_equal(mkdir(path_of("folder/object"), 0700), 0);
	expect_failure(FAILURE_DAMAGED, "not a regular file", get_object, *state);
}

static void
a_file_in_the_place_of_a_folder_is_told(void **state)
{
	scratch_write(path_of("folder"), "", 0);
	expect_failure(FAILURE_DAMAGED, "not a folder", put_object, *state);
	expect_failure(FAILURE_DAMAGED, "not a folder", get_object, *state);
}

static void
files_that_are_no_objects_are_not_listed(void **state)
{
	StoreListing listing;

	scratch_write(path_of(".nfs0001"), "", 0);
	scratch_write(path_of("name with spaces"), "", 0);
	assert_int_equal(mkdir(path_of("lost+found"), 0), 0);
	put_object(*state);
	listing = store_list(*state, "");
	assert_int_equal(listing.count, 1);
	store_listing_free(&listing);
}

static void
open_missing(void *path)
{
	store_open(path, false);
}

static void
open_or_create(void *path)
{
	store_open(path, true);
}

static void
a_missing_directory_is_made_only_for_a_writer(void **state)
{
	char	   *path = path_of("one/two");

	expect_failure(FAILURE_UNDEFINED, "does not exist", open_missing, path);
	store_close(store_open(path, true));
	assert_int_equal(mode_of("one"), 0700);
	assert_int_equal(mode_of("one/two"), 0700);
	store_close(store_open(path, true));
}

static void
a_file_in_the_place_of_the_directory_is_told(void **state)
{
	scratch_write(path_of("file"), "", 0);
	expect_failure(FAILURE_STATE, "is not a directory", open_missing, path_of("file"));
	expect_failure(FAILURE_STATE, "is not a directory", open_or_create, path_of("file"));
	expect_failure(FAILURE_STATE, "is not a directory", open_or_create, path_of("file/folder"));
}

static void
a_url_of_another_kind_is_refused(void **state)
{
	expect_failure(FAILURE_USAGE, "ftp://host/path", open_missing, "ftp://host/path");
	expect_failure(FAILURE_USAGE, "relative", open_missing, "relative/path");
}

static void
what_is_to_stay_free_is_not_written_to(void **state)
{
	Store	   *store = *state;
	int64		available;
	int64		total;

	assert_true(store_space(store, &available, &total));
	store->reserve = total + 1;
	expect_failure(FAILURE_DISK_FULL, "are kept free", put_object, store);
	assert_int_equal(store_list(store, "folder/").count, 0);
	store->reserve = available / 2;
	put_object(store);
	assert_int_equal(store_list(store, "folder/").count, 1);
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, open_store, close_store)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(objects_are_for_their_owner_only),
		CASE(what_is_to_stay_free_is_not_written_to),
		CASE(folders_go_with_their_last_object),
		CASE(a_sweep_leaves_neither_files_nor_folders),
		CASE(folders_without_a_file_are_pruned),
		CASE(a_failure_leaves_neither_files_nor_folders),
		CASE(a_refused_object_leaves_no_file),
		CASE(a_worker_does_not_remove_what_its_parent_makes),
		CASE(a_link_in_the_place_of_a_folder_is_not_followed),
		CASE(a_link_in_the_place_of_an_object_is_not_followed),
		CASE(what_is_not_a_regular_file_is_no_object),
		CASE(a_file_in_the_place_of_a_folder_is_told),
		CASE(files_that_are_no_objects_are_not_listed),
		CASE(a_missing_directory_is_made_only_for_a_writer),
		CASE(a_file_in_the_place_of_the_directory_is_told),
		CASE(a_url_of_another_kind_is_refused)
	};

	return store_conformance("file store, as any store", open_new_directory) +
		cmocka_run_group_tests_name("file store", cases, NULL, NULL);
}

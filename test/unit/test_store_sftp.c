/*
 * The store on an SFTP server, against the one that ERPGO_BACKUP_TEST_SFTP
 * names: the URL of a folder, with parameters.  Its files are those in the
 * folder ERPGO_BACKUP_TEST_SFTP_ROOT here; the secrets are in the environment.
 */
#include "helpers.h"
#include "far_store.h"
#include "scratch.h"
#include "store_conformance.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

/* The folder of the store that is tested, here. */
static const char *root;
static char *directory;

/*
 * Opens another folder, in which there is nothing.
 */
static Store *
open_new_folder(void)
{
	static int	count = 0;
	char	   *name = psprintf("unit-%d/%d", (int) getpid(), ++count);

	directory = psprintf("%s/%s", root, name);
	return far_store_open(name, true);
}

static int
open_store(void **state)
{
	*state = open_new_folder();
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
objects_are_for_their_owner_only(void **state)
{
	put_object(*state);
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
begin_large_and_be_killed(Store *store)
{
	pid_t		pid = worker_fork();
	int			status;

	if (pid == 0)
	{
		begin_large(store, 3);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
}

static void
a_sweep_leaves_neither_files_nor_folders(void **state)
{
	begin_large_and_be_killed(*state);
	assert_int_equal(mkdir(path_of("folder/.claim-0"), 0700), 0);
	assert_int_equal(scratch_count_files(directory), 1);
	store_sweep(*state, "other/");
	assert_int_equal(scratch_count_files(directory), 1);
	store_sweep(*state, "folder/");
	assert_int_equal(access(path_of("folder"), F_OK), -1);
}

static void
pruning_removes_what_was_left_long_ago(void **state)
{
	const char *const make_old[] = {
		"/usr/bin/find", directory, "-type", "f", "-exec", "touch", "-d", "2 days ago", "{}", "+", NULL
	};

	begin_large_and_be_killed(*state);
	store_prune(*state, "folder/");
	assert_int_equal(scratch_count_files(directory), 1);
	run_filter(make_old, "", 0);
	store_prune(*state, "folder/");
	assert_int_equal(access(path_of("folder"), F_OK), -1);
}

static void
begin_large_and_fail(void *store)
{
	begin_large(store, 3);
	fail(FAILURE_STATE, NULL, "something else went wrong");
}

static void
a_failure_leaves_neither_files_nor_folders(void **state)
{
	expect_failure(FAILURE_STATE, "something", begin_large_and_fail, *state);
	assert_int_equal(access(path_of("folder"), F_OK), -1);
}

static void
a_refused_object_leaves_no_file(void **state)
{
	put_object(*state);
	expect_failure(FAILURE_DUPLICATE, "already exists", put_object, *state);
	assert_int_equal(scratch_count_files(directory), 1);
	assert_int_equal(access(path_of("folder/object"), F_OK), 0);
}

static void
links_are_not_followed(void **state)
{
	char	   *elsewhere = scratch_directory();

	scratch_write(psprintf("%s/object", elsewhere), "secret", 6);
	assert_int_equal(mkdir(path_of("folder"), 0700), 0);
	assert_int_equal(symlink(psprintf("%s/object", elsewhere), path_of("folder/object")), 0);
	assert_int_equal(symlink(elsewhere, path_of("other")), 0);
	assert_int_equal(store_list(*state, "").count, 0);
	expect_failure(FAILURE_DAMAGED, "not a regular file", get_object, *state);
	expect_failure(FAILURE_DUPLICATE, "already exists", put_object, *state);
	store_put_text(*state, "folder/object", "content", PUT_REPLACE);
	assert_string_equal(scratch_read(psprintf("%s/object", elsewhere), NULL), "secret");
	assert_string_equal(scratch_read(path_of("folder/object"), NULL), "content");
}

static void
files_that_are_no_objects_are_not_listed(void **state)
{
	scratch_write(path_of(".nfs0001"), "", 0);
	scratch_write(path_of("name with spaces"), "", 0);
	assert_int_equal(mkdir(path_of("lost+found"), 0700), 0);
	put_object(*state);
	assert_int_equal(store_list(*state, "").count, 1);
}

static void
open_missing(void *url)
{
	store_open(url, false);
}

static void
a_missing_folder_is_made_only_for_a_writer(void **state)
{
	char	   *url = far_store_url(psprintf("made/by/writer-%d", (int) getpid()));

	expect_failure(FAILURE_UNDEFINED, "does not exist", open_missing, url);
	store_close(store_open(url, true));
	store_close(store_open(url, false));
}

static void
a_folder_that_cannot_be_written_to_is_told(void **state)
{
	if (geteuid() == 0)
		skip();
	assert_int_equal(chmod(directory, 0500), 0);
	expect_failure(FAILURE_PERMISSION, "permission denied", put_object, *state);
	assert_int_equal(chmod(directory, 0700), 0);
}

static void
a_large_object_takes_little_memory(void **state)
{
	assert_memory_is_bounded(*state, 10, 60, 20);
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, open_store, far_store_close)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(objects_are_for_their_owner_only),
		CASE(folders_go_with_their_last_object),
		CASE(a_sweep_leaves_neither_files_nor_folders),
		CASE(pruning_removes_what_was_left_long_ago),
		CASE(a_failure_leaves_neither_files_nor_folders),
		CASE(a_refused_object_leaves_no_file),
		CASE(links_are_not_followed),
		CASE(files_that_are_no_objects_are_not_listed),
		CASE(a_missing_folder_is_made_only_for_a_writer),
		CASE(a_folder_that_cannot_be_written_to_is_told),
		CASE(a_large_object_takes_little_memory)
	};

	root = getenv("ERPGO_BACKUP_TEST_SFTP_ROOT");
	if (root == NULL || !far_store_is_given("ERPGO_BACKUP_TEST_SFTP", NULL))
	{
		printf("1..0 # SKIP SKIPPED: SFTP was not tested: ERPGO_BACKUP_TEST_SFTP is not set\n");
		return 0;
	}
	return store_conformance("store on an SFTP server, as any store", open_new_folder) +
		cmocka_run_group_tests_name("store on an SFTP server", cases, NULL, NULL);
}

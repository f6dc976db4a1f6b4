/*
 * The repository of a cluster: opening it, its list of backups, and who may
 * begin and discard one.
 */
#include "helpers.h"
#include "sample.h"
#include "scratch.h"

#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

/* Processes that begin a cluster at once. */
#define WRITERS 4

/* A backup, for functions that are expected to fail. */
typedef struct Target
{
	Repository *repository;
	const char *id;
} Target;

static void
begin_again(void *argument)
{
	Target	   *target = argument;

	backup_begin(backup_prepare(target->repository, sample_manifest(target->id, CIPHER_NONE), 1));
}

static void
discard_backup(void *argument)
{
	Target	   *target = argument;

	backup_discard(target->repository, target->id);
}

static void
assert_ids(Repository *repository, int count, const char *const *expected)
{
	int			found;
	char	  **ids = repository_backup_ids(repository, &found);

	assert_int_equal(found, count);
	for (int i = 0; i < count; i++)
		assert_string_equal(ids[i], expected[i]);
}

static void
a_reader_sees_what_a_writer_made(void **state)
{
	Repository *reader;

	sample_backup(*state, ID_A, CIPHER_AES_256_CBC);
	reader = repository_open(psprintf("file://%s", sample_directory), NULL, MASTER);
	assert_string_equal(reader->cluster, "main");
	assert_string_equal(reader->system_identifier, IDENTIFIER);
	assert_reads_back(reader, backup_load(reader, ID_A));
	repository_close(reader);
}

static void
only_published_backups_are_listed_in_order(void **state)
{
	const char *const ids[] = {ID_A, ID_B, ID_C};
	const char *const two_ids[] = {ID_A, ID_C};

	assert_ids(*state, 0, NULL);
	sample_backup(*state, ID_C, CIPHER_NONE);
	sample_backup(*state, ID_A, CIPHER_NONE);
	assert_string_equal(repository_resolve_id(*state, "latest"), ID_C);
	sample_begin(*state, ID_B, CIPHER_NONE);
	store_put_text(((Repository *) *state)->store, "main/backup/notes.txt", "x", PUT_NEW);
	store_put_text(((Repository *) *state)->store, "main/backup/2026/x", "x", PUT_NEW);
	assert_ids(*state, 2, two_ids);
	backup_discard(*state, ID_B);
	sample_backup(*state, ID_B, CIPHER_NONE);
	assert_ids(*state, 3, ids);
	assert_string_equal(repository_resolve_id(*state, "latest"), ID_C);
	assert_string_equal(repository_resolve_id(*state, ID_A), ID_A);
}

static void
resolve_latest(void *repository)
{
	repository_resolve_id(repository, "latest");
}

static void
what_does_not_exist_is_told(void **state)
{
	expect_failure(FAILURE_UNDEFINED, "has no backup", resolve_latest, *state);
	expect_load_failure(*state, ID_A, FAILURE_UNDEFINED, "does not exist");
	expect_load_failure(*state, "../..", FAILURE_UNDEFINED, "not the identifier");
	expect_load_failure(*state, "", FAILURE_UNDEFINED, "not the identifier");
	sample_begin(*state, ID_A, CIPHER_NONE);
	expect_load_failure(*state, ID_A, FAILURE_UNDEFINED, "is not finished");
}

static void
a_folder_belongs_to_one_backup(void **state)
{
	Target		target = {*state, ID_A};
	BackupWriter *writer = sample_begin(*state, ID_A, CIPHER_NONE);

	expect_failure(FAILURE_DUPLICATE, "already exists", begin_again, &target);
	backup_publish(writer);
	expect_failure(FAILURE_DUPLICATE, "already exists", begin_again, &target);
	assert_int_equal(backup_objects(*state, ID_A).count, 4);
	assert_reads_back(*state, backup_load(*state, ID_A));
}

static void
an_unfinished_backup_is_discarded_without_a_trace(void **state)
{
	ObjectWriter *object;
	BackupWriter *writer = sample_begin(*state, ID_A, CIPHER_NONE);
	int			before = scratch_count_files(sample_directory);

	object = object_begin(writer, OBJECT_DUMP, "other.dump", "other");
	sink_write(object->chain, "bytes", 5);
	assert_int_equal(scratch_count_files(sample_directory), before);
	backup_discard(*state, ID_A);
	assert_int_equal(scratch_count_files(sample_directory), 1);
	assert_int_equal(access(sample_path(ID_A, ""), F_OK), -1);
	backup_discard(*state, ID_A);
	sink_release(object->chain);
}

static void
a_finished_backup_cannot_be_discarded(void **state)
{
	Target		target = {*state, ID_A};
	Target		nonsense = {*state, ".."};

	sample_backup(*state, ID_A, CIPHER_NONE);
	expect_failure(FAILURE_STATE, "is finished", discard_backup, &target);
	assert_reads_back(*state, backup_load(*state, ID_A));
	expect_failure(FAILURE_UNDEFINED, "..", discard_backup, &nonsense);
}

static void
a_discard_that_is_killed_leaves_an_unfinished_backup(void **state)
{
	Repository *repository = *state;

	sample_begin(repository, ID_A, CIPHER_NONE);
	store_remove(repository->store, "main/backup/" ID_A "/databases.json.zst");
	store_remove(repository->store, "main/backup/" ID_A "/erp.dump.zst");
	assert_ids(repository, 0, NULL);
	expect_load_failure(repository, ID_A, FAILURE_UNDEFINED, "is not finished");
	backup_discard(repository, ID_A);
	assert_int_equal(backup_objects(repository, ID_A).count, 0);
}

static void
a_backup_that_is_being_deleted_is_none(void **state)
{
	const char *const ids[] = {ID_A};

	sample_backup(*state, ID_A, CIPHER_NONE);
	sample_backup(*state, ID_C, CIPHER_NONE);
	sample_add_event(*state, ID_C, EVENT_DELETING, NULL, "older than 7 days");
	expect_load_failure(*state, ID_C, FAILURE_UNDEFINED, "being deleted");
	assert_ids(*state, 1, ids);
}

static void
a_backup_that_lost_its_manifest_is_damaged_and_listed(void **state)
{
	BackupEntry *entries;
	int			count;

	sample_backup(*state, ID_A, CIPHER_NONE);
	sample_backup(*state, ID_C, CIPHER_NONE);
	assert_int_equal(unlink(sample_path(ID_C, "manifest.json")), 0);
	expect_load_failure(*state, ID_C, FAILURE_DAMAGED, "manifest.json\" is missing");
	assert_string_equal(repository_resolve_id(*state, "latest"), ID_C);
	entries = repository_load_all(*state, &count);
	assert_int_equal(count, 2);
	assert_non_null(entries[0].backup);
	assert_null(entries[1].backup);
	assert_int_equal(entries[1].problem.kind, FAILURE_DAMAGED);
}

static void
open_reader(void *cluster)
{
	repository_open(sample_directory, cluster, NULL);
}

static void
open_as_another_server(void *cluster)
{
	repository_open_writer(sample_directory, cluster, MASTER, "1234");
}

static void
clusters_are_found_by_name_or_because_there_is_one(void **state)
{
	Repository *second;

	open_reader(NULL);
	open_reader("main");
	expect_failure(FAILURE_UNDEFINED, "cluster \"other\" does not exist", open_reader, "other");
	expect_failure(FAILURE_USAGE, "cannot be the name", open_reader, "a/b");
	expect_failure(FAILURE_USAGE, "cannot be the name", open_reader, "..");
	second = repository_open_writer(sample_directory, "second", MASTER, "1234");
	repository_close(second);
	expect_failure(FAILURE_UNDEFINED, "holds 2 clusters", open_reader, NULL);
	open_reader("second");
	sample_directory = scratch_directory();
	expect_failure(FAILURE_UNDEFINED, "holds no cluster", open_reader, NULL);
}

static void
a_cluster_belongs_to_one_server(void **state)
{
	expect_failure(FAILURE_STATE, "belongs to another server", open_as_another_server, "main");
	repository_close(repository_open_writer(sample_directory, "main", MASTER, IDENTIFIER));
}

/*
 * Starts a process that begins the cluster in a directory as soon as the pipe
 * is closed.
 */
static pid_t
start_writer(const char *directory, const int gate[2])
{
	pid_t		pid = worker_fork();
	char		byte;

	if (pid != 0)
		return pid;
	close(gate[1]);
	if (read(gate[0], &byte, 1) != 0)
		_exit(2);
	repository_open_writer(directory, "main", MASTER, IDENTIFIER);
	exit(0);
}

static void
several_processes_may_begin_a_cluster_at_once(void **state)
{
	for (int round = 0; round < 20; round++)
	{
		const char *directory = scratch_directory();
		pid_t		pids[WRITERS];
		int			gate[2];

		assert_int_equal(pipe(gate), 0);
		for (int i = 0; i < WRITERS; i++)
			pids[i] = start_writer(directory, gate);
		close(gate[0]);
		close(gate[1]);
		for (int i = 0; i < WRITERS; i++)
		{
			int			status;

			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
	}
}

static void
open_written(void *directory)
{
	assert_null(repository_open_written(directory, "main", MASTER, IDENTIFIER));
}

static void
open_written_as_another_server(void *directory)
{
	(void) repository_open_written(directory, "main", MASTER, "1234");
}

static void
where_something_was_written_before_nothing_is_made(void **state)
{
	char	   *empty = scratch_directory();

	repository_close(repository_open_written(sample_directory, "main", MASTER, IDENTIFIER));
	expect_failure(FAILURE_STATE, "belongs to another server", open_written_as_another_server, sample_directory);
	expect_failure(FAILURE_UNDEFINED, "does not exist", open_written, psprintf("%s/absent", empty));
	open_written(empty);
	assert_int_equal(rmdir(empty), 0);
}

static void
a_damaged_or_lost_record_of_the_cluster_is_told(void **state)
{
	char	   *path = psprintf("%s/main/cluster.json", sample_directory);
	size_t		len;
	char	   *content = scratch_read(path, &len);

	sample_backup(*state, ID_A, CIPHER_NONE);
	for (size_t i = 0; i < len; i += 7)
	{
		content[i] ^= 1;
		scratch_write(path, content, len);
		expect_failure(FAILURE_DAMAGED, "cluster.json", open_reader, "main");
		content[i] ^= 1;
	}
	unlink(path);
	expect_failure(FAILURE_DAMAGED, "cluster.json\" is missing", open_reader, "main");
	expect_failure(FAILURE_DAMAGED, "cluster.json\" is missing", open_as_another_server, "main");
}

static void
a_manifest_of_another_server_is_refused(void **state)
{
	Repository *other = repository_open_writer(sample_directory, "other", MASTER, "1234");
	size_t		len;
	char	   *content;

	sample_backup(*state, ID_A, CIPHER_NONE);
	content = scratch_read(sample_path(ID_A, "manifest.json"), &len);
	store_put_text(other->store, "other/backup/" ID_A "/manifest.json", content, PUT_NEW);
	expect_load_failure(other, ID_A, FAILURE_DAMAGED, "of another server");
	sample_backup(*state, ID_C, CIPHER_AES_256_CBC);
	content = scratch_read(sample_path(ID_C, "manifest.json"), &len);
	store_put_text(other->store, "other/backup/" ID_C "/manifest.json", content, PUT_NEW);
	expect_load_failure(other, ID_C, FAILURE_DAMAGED, "names cluster key");
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, sample_open, sample_close)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_reader_sees_what_a_writer_made),
		CASE(only_published_backups_are_listed_in_order),
		CASE(what_does_not_exist_is_told),
		CASE(a_folder_belongs_to_one_backup),
		CASE(an_unfinished_backup_is_discarded_without_a_trace),
		CASE(a_finished_backup_cannot_be_discarded),
		CASE(a_discard_that_is_killed_leaves_an_unfinished_backup),
		CASE(a_backup_that_is_being_deleted_is_none),
		CASE(a_backup_that_lost_its_manifest_is_damaged_and_listed),
		CASE(clusters_are_found_by_name_or_because_there_is_one),
		CASE(a_cluster_belongs_to_one_server),
		CASE(several_processes_may_begin_a_cluster_at_once),
		CASE(where_something_was_written_before_nothing_is_made),
		CASE(a_damaged_or_lost_record_of_the_cluster_is_told),
		CASE(a_manifest_of_another_server_is_refused)
	};

	return cmocka_run_group_tests_name("repository", cases, NULL, NULL);
}

/*
 * Copying backups between repositories.
 */
#include "helpers.h"
#include "sample.h"
#include "scratch.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isolated.h"
#include "repository/backup_copy.h"
#include "repository/backup_folder.h"

/* A backup to be copied in a process of its own. */
typedef struct CopyCase
{
	Repository *source;
	Repository *target;
	const char *id;
} CopyCase;

static Repository *
make_target(Repository *source)
{
	return repository_open_writer(scratch_directory(), source->cluster, source->master_key,
								  source->system_identifier);
}

static void
copy_all(void *context)
{
	CopyCase   *copy_case = context;
	BackupCopy *copy = backup_copy_begin(copy_case->source, copy_case->target, copy_case->id, false);
	int64		done = 0;
	int64		checked = 0;

	for (int i = 0; copy->writer != NULL && i < copy->manifest->object_count; i++)
		backup_copy_object(copy, i, &done);
	for (int i = 0; copy->writer != NULL && i < copy->manifest->object_count; i++)
		backup_copy_check(copy, i, &checked);
	if (copy->writer != NULL)
		assert_int_equal(done, manifest_stored_size(copy->manifest));
	backup_copy_finish(copy);
}

/* An object to be looked at in a process of its own. */
typedef struct LookStep
{
	BackupCopy *copy;
	int			object;
	int64	   *done;
} LookStep;

static void
look_step(void *context)
{
	LookStep   *step = context;

	backup_copy_look(step->copy, step->object, step->done);
}

/* Copies a backup, or mends the copy that is there. */
static void
mend_all(void *context)
{
	CopyCase   *copy_case = context;
	BackupCopy *copy = backup_copy_begin(copy_case->source, copy_case->target, copy_case->id, true);
	int64	   *done = mmap(NULL, sizeof(int64), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	Failure		problem;

	for (int i = 0; i < copy->manifest->object_count; i++)
	{
		LookStep	step = {copy, i, done};

		copy->is_there[i] &= isolated_run(look_step, &step, &problem);
	}
	for (int i = 0; i < copy->manifest->object_count; i++)
		backup_copy_object(copy, i, done);
	for (int i = 0; i < copy->manifest->object_count; i++)
		backup_copy_check(copy, i, done);
	backup_copy_finish(copy);
	munmap(done, sizeof(int64));
}

/* The number of a process that is over. */
static int
ended_process(void)
{
	pid_t		pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

/* Writes that a process on this host, or on another one, makes a backup. */
static void
claim(const Repository *repository, const char *host, int pid)
{
	char		here[256];
	char	   *content;

	gethostname(here, sizeof(here));
	content = psprintf("{\"host\": \"%s\", \"pid\": %d}", host == NULL ? here : host, pid);
	store_put_text(repository->store, backup_object_name(repository, ID_A, WRITER_NAME),
				   content, PUT_REPLACE);
}

/* The path of an object of a backup in a repository that is a directory. */
static char *
object_path(const Repository *repository, const char *id, const char *name)
{
	return psprintf("%s/%s", repository->store->url, backup_object_name(repository, id, name));
}

/* A name of an object of the backup, the last one of the manifest. */
static const char *
last_object(Repository *repository, const char *id)
{
	const Manifest *manifest = backup_load(repository, id)->manifest;

	return manifest->objects[manifest->object_count - 1].name;
}

/* Of the backups that are copied. */
static const Cipher copied_ciphers[] = {CIPHER_NONE, CIPHER_AES_256_CBC};

/*
 * Makes a backup with one of these ciphers, and copies it.
 */
static CopyCase
copy_sample(Repository *source, int cipher)
{
	CopyCase	copy_case = {source, make_target(source), psprintf("20261122T18000%dZ-full", cipher)};

	sample_backup(source, copy_case.id, copied_ciphers[cipher]);
	copy_all(&copy_case);
	return copy_case;
}

static void
a_copy_reads_as_what_it_was_made_of(void **state)
{
	for (int i = 0; i < lengthof(copied_ciphers); i++)
	{
		CopyCase	copy_case = copy_sample(*state, i);
		const char *id = copy_case.id;

		assert_reads_back(copy_case.target, backup_load(copy_case.target, id));
		assert_int_equal(backup_folder_state(copy_case.target, id), FOLDER_PUBLISHED);
		assert_int_equal(access(object_path(copy_case.target, id, WRITER_NAME), F_OK), -1);
	}
}

static void
no_key_is_needed(void **state)
{
	Repository *source = repository_open(sample_directory, "main", NULL);
	CopyCase	copy_case = {source, make_target(source), ID_A};
	Repository *with_key;

	sample_backup(*state, ID_A, CIPHER_AES_256_CBC);
	copy_all(&copy_case);
	with_key = repository_open(copy_case.target->store->url, "main",
							   ((Repository *) *state)->master_key);
	assert_reads_back(with_key, backup_load(with_key, ID_A));
}

static void
what_is_said_of_a_backup_follows_but_not_what_was_found_in_its_bytes(void **state)
{
	CopyCase	copy_case = {*state, make_target(*state), ID_A};
	const char *reason;
	const char *problem;
	VerifyDepth depth;
	int64		at_ms;

	sample_backup(*state, ID_A, CIPHER_NONE);
	copy_all(&copy_case);
	sample_add_event(*state, ID_A, EVENT_PIN, NULL, "keep");
	sample_add_event(*state, ID_A, EVENT_FAILED, "digest", "damaged");
	copy_all(&copy_case);
	assert_true(backup_is_pinned(backup_load(copy_case.target, ID_A), &reason));
	assert_string_equal(reason, "keep");
	assert_true(backup_verification(backup_load(copy_case.target, ID_A), &at_ms, &depth, &problem));
	assert_false(backup_verification(backup_load(*state, ID_A), &at_ms, &depth, &problem));
}

static void
damage_is_named_and_not_copied(void **state)
{
	CopyCase	copy_case = {*state, make_target(*state), ID_A};
	const char *name;
	char	   *bytes;
	size_t		len;

	sample_backup(*state, ID_A, CIPHER_NONE);
	name = last_object(*state, ID_A);
	bytes = scratch_read(sample_path(ID_A, name), &len);
	bytes[len / 2] ^= 1;
	scratch_write(sample_path(ID_A, name), bytes, len);
	expect_failure(FAILURE_DAMAGED, name, copy_all, &copy_case);
	assert_int_equal(access(object_path(copy_case.target, ID_A, name), F_OK), -1);
	assert_int_equal(backup_folder_state(copy_case.target, ID_A), FOLDER_UNFINISHED);

	/* What arrived before stays, what does not belong there goes. */
	bytes[len / 2] ^= 1;
	scratch_write(sample_path(ID_A, name), bytes, len);
	scratch_write(object_path(copy_case.target, ID_A, "nonsense"), "x", 1);
	copy_all(&copy_case);
	assert_reads_back(copy_case.target, backup_load(copy_case.target, ID_A));
	assert_int_equal(access(object_path(copy_case.target, ID_A, "nonsense"), F_OK), -1);
}

/* Ends a copy. */
static void
finish_copy(void *copy)
{
	backup_copy_finish(copy);
}

/* Changes a byte in the middle of a file. */
static void
flip_byte(const char *path)
{
	size_t		len;
	char	   *bytes = scratch_read(path, &len);

	bytes[len / 2] ^= 1;
	scratch_write(path, bytes, len);
	free(bytes);
}

/* Takes the last byte of a file away. */
static void
cut_byte(const char *path)
{
	size_t		len;
	char	   *bytes = scratch_read(path, &len);

	scratch_write(path, bytes, len - 1);
	free(bytes);
}

/* Removes a file. */
static void
lose(const char *path)
{
	assert_int_equal(unlink(path), 0);
}

/* Puts something there that does not belong there. */
static void
put_nonsense(const char *path)
{
	scratch_write(psprintf("%s.nonsense", path), "x", 1);
}

static void
whatever_is_damaged_in_a_copy_is_mended(void **state)
{
	void		(*const damages[]) (const char *path) = {flip_byte, cut_byte, lose, put_nonsense};
	const Cipher ciphers[] = {CIPHER_NONE, CIPHER_AES_256_CBC};

	for (int i = 0; i < lengthof(damages) * lengthof(ciphers); i++)
	{
		char	   *id = psprintf("20261122T18000%dZ-full", i);
		CopyCase	copy_case = {*state, make_target(*state), id};
		char	   *path;

		sample_backup(*state, id, ciphers[i % lengthof(ciphers)]);
		sample_add_event(*state, id, EVENT_PIN, NULL, "keep");
		copy_all(&copy_case);
		path = object_path(copy_case.target, id, last_object(*state, id));
		damages[i / lengthof(ciphers)] (path);
		mend_all(&copy_case);
		assert_reads_back(copy_case.target, backup_load(copy_case.target, id));
		assert_int_equal(access(psprintf("%s.nonsense", path), F_OK), -1);
		assert_int_equal(access(object_path(copy_case.target, id, WRITER_NAME), F_OK), -1);
	}
}

static void
records_of_a_copy_are_mended_too(void **state)
{
	void		(*const damages[]) (const char *path) = {flip_byte, cut_byte, lose};

	for (int i = 0; i < lengthof(damages); i++)
	{
		char	   *id = psprintf("20261122T18000%dZ-full", i);
		CopyCase	copy_case = {*state, make_target(*state), id};
		StoreListing events;
		const char *reason;

		sample_backup(*state, id, CIPHER_NONE);
		sample_add_event(*state, id, EVENT_PIN, NULL, "keep");
		copy_all(&copy_case);
		damages[i] (object_path(copy_case.target, id, MANIFEST_NAME));
		events = store_list(copy_case.target->store, backup_object_name(copy_case.target, id, EVENT_FOLDER));
		assert_int_equal(events.count, 1);
		damages[i] (psprintf("%s/%s", copy_case.target->store->url, events.objects[0].name));
		mend_all(&copy_case);
		assert_reads_back(copy_case.target, backup_load(copy_case.target, id));
		assert_true(backup_is_pinned(backup_load(copy_case.target, id), &reason));
	}
}

/* Flips a byte of the newest event of a kind that a backup has. */
static void
flip_event(Repository *repository, const char *id, const char *kind)
{
	StoreListing events = store_list(repository->store, backup_object_name(repository, id, EVENT_FOLDER));
	int			i = events.count - 1;

	while (i >= 0 && strstr(events.objects[i].name, kind) == NULL)
		i--;
	assert_true(i >= 0);
	flip_byte(psprintf("%s/%s", repository->store->url, events.objects[i].name));
}

static void
a_damaged_event_that_only_the_copy_has_goes_if_it_is_a_finding(void **state)
{
	for (int i = 0; i < lengthof(copied_ciphers); i++)
	{
		CopyCase	copy_case = copy_sample(*state, i);
		const char *id = copy_case.id;

		sample_add_event(copy_case.target, id, EVENT_VERIFIED, NULL, "full");
		sample_add_event(copy_case.target, id, EVENT_FAILED, "full", "damaged");
		flip_event(copy_case.target, id, "failed");
		mend_all(&copy_case);
		assert_int_equal(backup_load(copy_case.target, id)->event_count, 1);
		sample_add_event(copy_case.target, id, EVENT_PIN, NULL, "keep");
		flip_event(copy_case.target, id, "pin");
		expect_failure(FAILURE_DAMAGED, "-pin.json\" is damaged: its last line does not authenticate it, and repository", mend_all, &copy_case);
	}
}

static void
a_damaged_source_replaces_nothing(void **state)
{
	CopyCase	copy_case = {*state, make_target(*state), ID_A};
	const char *name;

	sample_backup(*state, ID_A, CIPHER_NONE);
	copy_all(&copy_case);
	name = last_object(*state, ID_A);
	flip_byte(sample_path(ID_A, name));
	mend_all(&copy_case);
	assert_reads_back(copy_case.target, backup_load(copy_case.target, ID_A));

	/* The same byte is wrong here, and another one there. */
	cut_byte(object_path(copy_case.target, ID_A, name));
	expect_failure(FAILURE_DAMAGED, sample_directory, mend_all, &copy_case);
	assert_int_equal(access(object_path(copy_case.target, ID_A, name), F_OK), 0);
	flip_byte(sample_path(ID_A, MANIFEST_NAME));
	expect_failure(FAILURE_DAMAGED, MANIFEST_NAME, mend_all, &copy_case);
	(void) backup_load(copy_case.target, ID_A);
}

static void
a_manifest_that_cannot_be_authenticated_replaces_none(void **state)
{
	Repository *source = repository_open(sample_directory, "main", NULL);
	CopyCase	copy_case = {source, make_target(*state), ID_A};

	sample_backup(*state, ID_A, CIPHER_AES_256_CBC);
	copy_all(&copy_case);
	flip_byte(object_path(copy_case.target, ID_A, MANIFEST_NAME));
	expect_failure(FAILURE_DUPLICATE, "is not the one in", mend_all, &copy_case);
}

static void
a_backup_that_is_being_deleted_is_not_mended(void **state)
{
	CopyCase	copy_case = {*state, make_target(*state), ID_A};
	BackupCopy *copy;

	sample_backup(*state, ID_A, CIPHER_NONE);
	copy_all(&copy_case);
	copy = backup_copy_begin(copy_case.source, copy_case.target, ID_A, true);
	copy->is_there[0] = false;
	store_put_text(copy_case.target->store,
				   backup_object_name(copy_case.target, ID_A, DELETING_NAME), "{}", PUT_NEW);
	expect_failure(FAILURE_STATE, "is being deleted", finish_copy, copy);
	assert_int_equal(access(object_path(copy_case.target, ID_A, copy->manifest->objects[0].name), F_OK), -1);
}

static void
what_arrived_as_something_else_is_found_and_sent_again(void **state)
{
	CopyCase	copy_case = {*state, make_target(*state), ID_A};
	const char *name;
	char	   *bytes;
	size_t		len;

	sample_backup(*state, ID_A, CIPHER_NONE);
	name = last_object(*state, ID_A);
	bytes = scratch_read(sample_path(ID_A, name), &len);
	bytes[len / 2] ^= 1;
	claim(copy_case.target, NULL, ended_process());
	scratch_write(object_path(copy_case.target, ID_A, name), bytes, len);
	expect_failure(FAILURE_IO, "gave back something else", copy_all, &copy_case);
	copy_all(&copy_case);
	assert_reads_back(copy_case.target, backup_load(copy_case.target, ID_A));
}

static void
a_folder_that_somebody_writes_to_is_left_alone(void **state)
{
	CopyCase	copy_case = {*state, make_target(*state), ID_A};

	sample_backup(*state, ID_A, CIPHER_NONE);
	claim(copy_case.target, NULL, getppid());
	expect_failure(FAILURE_STATE, "another process writes", copy_all, &copy_case);
	claim(copy_case.target, "another", 1);
	expect_failure(FAILURE_STATE, "another process writes", copy_all, &copy_case);
}

static void
another_backup_of_that_name_is_refused(void **state)
{
	CopyCase	copy_case = {*state, make_target(*state), ID_A};

	sample_backup(*state, ID_A, CIPHER_NONE);
	sample_backup(copy_case.target, ID_A, CIPHER_AES_256_CBC);
	expect_failure(FAILURE_DUPLICATE, "is not the one in", copy_all, &copy_case);
	expect_failure(FAILURE_DUPLICATE, "is not the one in", mend_all, &copy_case);
	copy_case.id = ID_B;
	expect_failure(FAILURE_UNDEFINED, "does not exist", copy_all, &copy_case);
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup_teardown(a_copy_reads_as_what_it_was_made_of, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(no_key_is_needed, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(what_is_said_of_a_backup_follows_but_not_what_was_found_in_its_bytes, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(damage_is_named_and_not_copied, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(whatever_is_damaged_in_a_copy_is_mended, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(records_of_a_copy_are_mended_too, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(a_damaged_event_that_only_the_copy_has_goes_if_it_is_a_finding, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(a_damaged_source_replaces_nothing, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(a_manifest_that_cannot_be_authenticated_replaces_none, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(a_backup_that_is_being_deleted_is_not_mended, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(what_arrived_as_something_else_is_found_and_sent_again, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(a_folder_that_somebody_writes_to_is_left_alone, sample_open, sample_close),
		cmocka_unit_test_setup_teardown(another_backup_of_that_name_is_refused, sample_open, sample_close)
	};

	return cmocka_run_group_tests_name("copies of backups", cases, NULL, NULL);
}

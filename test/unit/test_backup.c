/*
 * Backups: what was made is read, events, damage.
 */
#include "helpers.h"
#include "sample.h"
#include "scratch.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "stream/filters.h"

static void
a_backup_is_read_as_it_was_made(void **state)
{
	const Cipher ciphers[] = {CIPHER_NONE, CIPHER_AES_256_CBC, CIPHER_AES_256_CTR};

	for (int i = 0; i < lengthof(ciphers); i++)
	{
		char	   *id = psprintf("20261122T18000%dZ-full", i);
		Backup	   *backup;

		sample_backup(*state, id, ciphers[i]);
		backup = backup_load(*state, id);
		assert_int_equal(backup->manifest->object_count, 3);
		assert_int_equal(backup->data_key[0] != '\0', ciphers[i] != CIPHER_NONE);
		assert_int_equal(backup->event_count, 0);
		assert_reads_back(*state, backup);
	}
}

static void
a_key_is_needed_to_read_and_to_write_what_is_encrypted(void **state)
{
	Repository *without;
	Repository *wrong;

	sample_backup(*state, ID_A, CIPHER_AES_256_CBC);
	without = repository_open(sample_directory, "main", NULL);
	wrong = repository_open(sample_directory, "main", "another key");
	expect_load_failure(without, ID_A, FAILURE_KEY, "no encryption key");
	expect_load_failure(wrong, ID_A, FAILURE_KEY, "does not open");
}

static void
all_encrypted_backups_share_the_cluster_key_but_no_data_key(void **state)
{
	Backup	   *a;
	Backup	   *b;

	sample_backup(*state, ID_A, CIPHER_AES_256_CBC);
	sample_backup(*state, ID_C, CIPHER_AES_256_CTR);
	a = backup_load(*state, ID_A);
	b = backup_load(*state, ID_C);
	assert_string_equal(a->manifest->key_id, b->manifest->key_id);
	assert_string_not_equal(a->data_key, b->data_key);
}

static void
events_in_one_millisecond_keep_their_order(void **state)
{
	const char *reason = NULL;
	Backup	   *backup;

	sample_backup(*state, ID_A, CIPHER_AES_256_CBC);
	assert_false(backup_is_pinned(backup_load(*state, ID_A), &reason));
	sample_add_event(*state, ID_A, EVENT_UNPIN, NULL, NULL);
	sample_add_event(*state, ID_A, EVENT_PIN, NULL, "first");
	sample_add_event(*state, ID_A, EVENT_PIN, NULL, "second");
	assert_true(backup_is_pinned(backup_load(*state, ID_A), &reason));
	assert_string_equal(reason, "second");
	sample_add_event(*state, ID_A, EVENT_ANNOTATE, "ticket", "17");
	sample_add_event(*state, ID_A, EVENT_UNPIN, NULL, NULL);
	backup = backup_load(*state, ID_A);
	assert_false(backup_is_pinned(backup, &reason));
	assert_int_equal(backup->event_count, 5);
	for (int i = 1; i < 5; i++)
		assert_int_equal(backup->events[i].at_ms, backup->events[i - 1].at_ms + 1);
	assert_string_equal(backup->events[3].key, "ticket");
}

static void
the_last_verification_counts(void **state)
{
	Backup	   *backup;
	int64		at_ms;
	VerifyDepth depth;
	const char *problem = NULL;

	sample_backup(*state, ID_A, CIPHER_NONE);
	backup = backup_load(*state, ID_A);
	assert_true(backup_verification(backup, &at_ms, &depth, &problem));
	assert_int_equal(at_ms, backup->manifest->finished_ms);
	assert_int_equal(depth, VERIFY_ARCHIVE);
	sample_add_event(*state, ID_A, EVENT_FAILED, NULL, "object is missing");
	assert_false(backup_verification(backup_load(*state, ID_A), &at_ms, &depth, &problem));
	assert_string_equal(problem, "object is missing");
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "full");
	sample_add_event(*state, ID_A, EVENT_PIN, NULL, "it is good");
	assert_true(backup_verification(backup_load(*state, ID_A), &at_ms, &depth, &problem));
	assert_int_equal(at_ms, INT64CONST(1795370400124));
	assert_int_equal(depth, VERIFY_FULL);
}

/*
 * Is the backup good, by what its events say?
 */
static bool
is_good(Repository *repository)
{
	int64		at_ms;
	VerifyDepth depth;
	const char *problem;

	return backup_verification(backup_load(repository, ID_A), &at_ms, &depth, &problem);
}

static void
a_failure_counts_until_a_verification_as_deep_goes_well(void **state)
{
	sample_backup(*state, ID_A, CIPHER_NONE);
	sample_add_event(*state, ID_A, EVENT_FAILED, "archive", "object is missing");
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "digest");
	assert_false(is_good(*state));
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "archive");
	assert_true(is_good(*state));
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "digest");
	assert_true(is_good(*state));
	sample_add_event(*state, ID_A, EVENT_FAILED, "full", "pg_restore cannot parse it");
	sample_add_event(*state, ID_A, EVENT_FAILED, "digest", "object is missing");
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "archive");
	assert_false(is_good(*state));
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "full");
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "digest");
	assert_true(is_good(*state));
}

static void
a_deep_verification_is_remembered(void **state)
{
	int64		full_ms;

	sample_backup(*state, ID_A, CIPHER_NONE);
	assert_int_equal(backup_full_verification(backup_load(*state, ID_A)), 0);
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "full");
	full_ms = backup_full_verification(backup_load(*state, ID_A));
	assert_true(full_ms > 0);
	sample_add_event(*state, ID_A, EVENT_VERIFIED, NULL, "digest");
	sample_add_event(*state, ID_A, EVENT_FAILED, "full", "object is missing");
	assert_int_equal(backup_full_verification(backup_load(*state, ID_A)), full_ms);
}

static void
events_of_kinds_that_are_not_known_are_ignored(void **state)
{
	Repository *repository = *state;

	sample_backup(repository, ID_A, CIPHER_NONE);
	store_put_text(repository->store,
				   "main/backup/" ID_A "/event/20261122T180000.000Z-proven.json", "{}", PUT_NEW);
	assert_int_equal(backup_load(repository, ID_A)->event_count, 0);
	store_put_text(repository->store,
				   "main/backup/" ID_A "/event/20261122T180000.000Z-pin.json", "{}", PUT_NEW);
	expect_load_failure(repository, ID_A, FAILURE_DAMAGED, "20261122T180000.000Z-pin.json");
}

static void
damaged_backups_do_not_end_the_list(void **state)
{
	Repository *repository = *state;
	BackupEntry *entries;
	int			count;
	size_t		len;
	char	   *content;

	sample_backup(repository, ID_A, CIPHER_AES_256_CBC);
	sample_backup(repository, ID_B, CIPHER_NONE);
	sample_backup(repository, ID_C, CIPHER_AES_256_CBC);
	sample_add_event(repository, ID_C, EVENT_PIN, NULL, "why");
	content = scratch_read(sample_path(ID_B, "manifest.json"), &len);
	content[len / 2] ^= 1;
	scratch_write(sample_path(ID_B, "manifest.json"), content, len);

	entries = repository_load_all(repository, &count);
	assert_int_equal(count, 3);
	assert_string_equal(entries[0].id, ID_A);
	assert_reads_back(repository, entries[0].backup);
	assert_string_equal(entries[1].id, ID_B);
	assert_null(entries[1].backup);
	assert_int_equal(entries[1].problem.kind, FAILURE_DAMAGED);
	assert_non_null(strstr(entries[1].problem.message, ID_B));
	assert_reads_back(repository, entries[2].backup);
	assert_int_equal(entries[2].backup->event_count, 1);
}

static void
without_the_key_encrypted_backups_are_listed_as_unreadable(void **state)
{
	Repository *reader;
	BackupEntry *entries;
	int			count;

	sample_backup(*state, ID_A, CIPHER_AES_256_CBC);
	sample_backup(*state, ID_B, CIPHER_NONE);
	reader = repository_open(sample_directory, "main", NULL);
	entries = repository_load_all(reader, &count);
	assert_int_equal(count, 2);
	assert_null(entries[0].backup);
	assert_int_equal(entries[0].problem.kind, FAILURE_KEY);
	assert_non_null(entries[1].backup);
}

/* An object of a backup, for functions that are expected to fail. */
typedef struct Reading
{
	Repository *repository;
	Backup	   *backup;
	const ManifestObject *object;
} Reading;

static void
verify_object(void *argument)
{
	Reading    *reading = argument;
	int64		done = 0;

	object_verify_digest(reading->repository, reading->backup->manifest->id,
						 reading->object, false, &done, NULL);
}

static void
read_object(void *argument)
{
	Reading    *reading = argument;
	int64		size = 0;

	object_read(reading->repository, reading->backup, reading->object,
				count_sink(NULL, &size));
}

/*
 * Puts other bytes in the place of an object.
 */
static void
damage(const char *name, const char *data, size_t len, const char *message_part,
	   Reading *reading)
{
	scratch_write(sample_path(ID_A, name), data, len);
	expect_failure(FAILURE_DAMAGED, message_part, verify_object, reading);
	expect_failure(FAILURE_DAMAGED, name, read_object, reading);
}

static void
each_damage_of_an_object_has_its_message(void **state)
{
	Reading		reading = {*state};
	const char *name = "erp.dump.zst.aes";
	char	   *path = sample_path(ID_A, "erp.dump.zst.aes");
	char	   *data;
	char	   *other;
	size_t		len;
	size_t		other_len;

	sample_backup(*state, ID_A, CIPHER_AES_256_CBC);
	reading.backup = backup_load(*state, ID_A);
	reading.object = manifest_dump(reading.backup->manifest, "erp");
	data = scratch_read(path, &len);
	data = pg_realloc(data, len + 1);
	other = scratch_read(sample_path(ID_A, "globals.sql.zst.aes"), &other_len);

	damage(name, data, len - 1, psprintf("has %zu bytes, the manifest says %zu", len - 1, len), &reading);
	damage(name, data, len + 1, psprintf("has %zu bytes, the manifest says %zu", len + 1, len), &reading);
	damage(name, "", 0, "has 0 bytes", &reading);
	damage(name, other, other_len, "bytes, the manifest says", &reading);
	for (int i = 0; i < 50; i++)
	{
		size_t		at = i == 0 ? 0 : i == 1 ? len - 1 : random_below(len);
		char		flipped = 1 << random_below(8);

		data[at] ^= flipped;
		damage(name, data, len, "does not match its SHA-256", &reading);
		data[at] ^= flipped;
	}
	assert_int_equal(unlink(path), 0);
	expect_failure(FAILURE_DAMAGED, "is missing", verify_object, &reading);
	expect_failure(FAILURE_DAMAGED, "is missing", read_object, &reading);
}

static void
a_clock_that_is_set_back_does_not_spoil_a_backup(void **state)
{
	BackupWriter *writer = sample_begin(*state, ID_A, CIPHER_NONE);

	writer->manifest->finished_ms = writer->manifest->started_ms - 3600000;
	backup_publish(writer);
	assert_reads_back(*state, backup_load(*state, ID_A));
}

static void
who_writes_a_backup_says_so_every_minute(void **state)
{
	BackupWriter *writer = sample_begin(*state, ID_A, CIPHER_NONE);
	char	   *path = sample_path(ID_A, "writer.json");
	char	   *claim = scratch_read(path, NULL);
	struct utimbuf long_ago = {1, 1};
	struct stat status;

	assert_int_equal(utime(path, &long_ago), 0);
	backup_renew(writer);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mtime, 1);
	writer->claimed_ms -= 60 * 1000;
	backup_renew(writer);
	assert_int_equal(stat(path, &status), 0);
	assert_true(time(NULL) - status.st_mtime < 60);
	assert_string_equal(scratch_read(path, NULL), claim);
	assert_int_equal(utime(path, &long_ago), 0);
	backup_renew(writer);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mtime, 1);
	backup_publish(writer);
	assert_int_equal(access(path, F_OK), -1);
	assert_reads_back(*state, backup_load(*state, ID_A));
}

static void
a_backup_goes_on_where_its_claim_cannot_be_renewed(void **state)
{
	Store	   *store = ((Repository *) *state)->store;
	BackupWriter *writer = sample_begin(*state, ID_A, CIPHER_NONE);

	writer->claimed_ms -= 60 * 1000;
	store->reserve = PG_INT64_MAX;
	backup_renew(writer);
	store->reserve = 0;
	assert_int_equal(scratch_count_files(sample_directory), 5);
	backup_publish(writer);
	assert_reads_back(*state, backup_load(*state, ID_A));
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, sample_open, sample_close)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_backup_is_read_as_it_was_made),
		CASE(a_key_is_needed_to_read_and_to_write_what_is_encrypted),
		CASE(all_encrypted_backups_share_the_cluster_key_but_no_data_key),
		CASE(events_in_one_millisecond_keep_their_order),
		CASE(the_last_verification_counts),
		CASE(a_failure_counts_until_a_verification_as_deep_goes_well),
		CASE(a_deep_verification_is_remembered),
		CASE(events_of_kinds_that_are_not_known_are_ignored),
		CASE(damaged_backups_do_not_end_the_list),
		CASE(without_the_key_encrypted_backups_are_listed_as_unreadable),
		CASE(each_damage_of_an_object_has_its_message),
		CASE(a_clock_that_is_set_back_does_not_spoil_a_backup),
		CASE(who_writes_a_backup_says_so_every_minute),
		CASE(a_backup_goes_on_where_its_claim_cannot_be_renewed)
	};

	return cmocka_run_group_tests_name("backups", cases, NULL, NULL);
}

/*
 * What becomes of the backups of a cluster, and how they are deleted.
 */
#include "helpers.h"
#include "sample.h"
#include "scratch.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "repository/expiry.h"
#include "repository/record.h"

static int	deletions_reported;

static void
count_deletion(const Expiry *expiry, int item)
{
	deletions_reported++;
}

/*
 * A policy that keeps only the newest good one of a kind.
 */
static RetentionPolicy
strict_policy(void)
{
	RetentionPolicy policy = {
		.minimum = 1, .unfinished_hours = 24, .confirmed = true
	};

	return policy;
}

/*
 * The item of a backup.
 */
static int
find_item(const Expiry *expiry, const char *id)
{
	for (int i = 0; i < expiry->count; i++)
	{
		if (strcmp(expiry->items[i].folder.id, id) == 0)
			return i;
	}
	fail_msg("%s is not in the plan", id);
	return -1;
}

/*
 * Makes a backup of databases that were asked for; NULL is all.
 */
static void
backup_of(Repository *repository, const char *id, const char *first, const char *second)
{
	BackupWriter *writer = sample_begin(repository, id, CIPHER_NONE);
	Manifest   *manifest = writer->manifest;

	manifest->scope_known = true;
	if (first != NULL)
	{
		manifest->scope = pg_malloc0(2 * sizeof(char *));
		manifest->scope[0] = pg_strdup(first);
		manifest->scope_count = 1;
	}
	if (second != NULL)
		manifest->scope[manifest->scope_count++] = pg_strdup(second);
	backup_publish(writer);
}

/*
 * Makes a folder that an unfinished backup left, written to so long ago.
 */
static void
leave_unfinished(Repository *repository, const char *id, int pid, int hours)
{
	char		host[256] = "";
	struct utimbuf times;

	gethostname(host, sizeof(host) - 1);
	times.actime = times.modtime = time(NULL) - 3600 * hours;
	store_put_text(repository->store, psprintf("main/backup/%s/writer.json", id),
				   psprintf("{\"host\": \"%s\", \"pid\": %d}\n", host, pid), PUT_NEW);
	assert_int_equal(utime(sample_path(id, "writer.json"), &times), 0);
}

static void
every_state_of_a_folder_has_one_for_retention(void **state)
{
	assert_int_equal(expiry_state(FOLDER_PUBLISHED, false, true), RETENTION_VERIFIED);
	assert_int_equal(expiry_state(FOLDER_PUBLISHED, false, false), RETENTION_DAMAGED);
	assert_int_equal(expiry_state(FOLDER_MANIFEST_LOST, false, false), RETENTION_DAMAGED);
	assert_int_equal(expiry_state(FOLDER_UNFINISHED, true, false), RETENTION_RUNNING);
	assert_int_equal(expiry_state(FOLDER_UNFINISHED, false, false), RETENTION_UNFINISHED);
	assert_int_equal(expiry_state(FOLDER_DELETING, false, true), RETENTION_DELETING);
}

static void
what_was_asked_for_makes_the_kind(void **state)
{
	static const char *const ids[] = {
		"20260101T000000Z-full", "20260102T000000Z-full", "20260103T000000Z-full",
		"20260104T000000Z-full", "20260105T000000Z-full", "20260106T000000Z-data"
	};
	ExpiryItem	items[lengthof(ids) + 1] = {{{{0}}}};
	int			kinds[lengthof(items)];

	backup_of(*state, ids[0], NULL, NULL);
	backup_of(*state, ids[1], "erp", "crm");
	backup_of(*state, ids[2], "crm", "erp");
	backup_of(*state, ids[3], NULL, NULL);
	sample_backup(*state, ids[4], CIPHER_NONE);
	backup_of(*state, ids[5], NULL, NULL);
	for (int i = 0; i < lengthof(ids); i++)
	{
		items[i].backup = backup_load(*state, ids[i]);
		items[i].type = items[i].backup->manifest->type;
	}
	items[6].type = BACKUP_FULL;
	expiry_number_kinds(items, lengthof(items), kinds);
	assert_int_equal(kinds[0], kinds[3]);
	assert_int_equal(kinds[1], kinds[2]);
	assert_int_not_equal(kinds[0], kinds[1]);
	assert_int_not_equal(kinds[4], kinds[0]);
	assert_int_not_equal(kinds[4], kinds[1]);
	assert_int_not_equal(kinds[5], kinds[0]);
	assert_int_equal(kinds[6], kinds[0]);
}

static void
only_what_is_not_kept_is_deleted(void **state)
{
	RetentionPolicy policy = strict_policy();
	Expiry	   *expiry;

	sample_backup(*state, "20240101T000000Z-full", CIPHER_AES_256_CBC);
	sample_backup(*state, "20240102T000000Z-full", CIPHER_AES_256_CBC);
	sample_backup(*state, "20240103T000000Z-full", CIPHER_AES_256_CBC);
	sample_backup(*state, "20240104T000000Z-full", CIPHER_AES_256_CBC);
	sample_add_event(*state, "20240102T000000Z-full", EVENT_PIN, NULL, "the audit");
	sample_add_event(*state, "20240103T000000Z-full", EVENT_FAILED, NULL, "it is damaged");
	expiry = expiry_plan(*state, &policy);
	assert_int_equal(expiry->count, 4);
	assert_int_equal(expiry->deletions, 1);
	assert_string_equal(expiry->items[0].reason, "in no tier");
	deletions_reported = 0;
	expiry_apply(*state, expiry, count_deletion);
	assert_int_equal(deletions_reported, 1);
	assert_int_equal(access(sample_path("20240101T000000Z-full", ""), F_OK), -1);
	expect_load_failure(*state, "20240101T000000Z-full", FAILURE_UNDEFINED, "does not exist");
	for (int i = 2; i <= 4; i++)
		assert_reads_back(*state, backup_load(*state, psprintf("2024010%dT000000Z-full", i)));
}

static void
what_cannot_be_read_is_kept_from_when_it_was_found(void **state)
{
	RetentionPolicy policy = strict_policy();
	const char *id = "20240101T000000Z-full";
	Expiry	   *expiry;
	int			item;

	sample_backup(*state, id, CIPHER_NONE);
	sample_backup(*state, "20240201T000000Z-full", CIPHER_NONE);
	scratch_write(sample_path(id, "manifest.json"), "{}", 2);
	expiry = expiry_plan(*state, &policy);
	item = find_item(expiry, id);
	assert_int_equal(expiry->judged[item].state, RETENTION_DAMAGED);
	assert_int_equal(expiry->judged[item].decision, RETENTION_KEEP);
	assert_false(expiry->items[item].folder.noted_unreadable);
	expiry_apply(*state, expiry, count_deletion);
	expiry = expiry_plan(*state, &policy);
	assert_true(expiry->items[item].folder.noted_unreadable);
	assert_int_equal(expiry->judged[item].decision, RETENTION_KEEP);
}

static void
what_somebody_writes_is_left_alone(void **state)
{
	RetentionPolicy policy = strict_policy();
	Expiry	   *expiry;
	int			dead = fork();

	if (dead == 0)
		_exit(0);
	assert_int_equal(waitpid(dead, NULL, 0), dead);
	leave_unfinished(*state, "20240101T000000Z-full", getpid(), 100);
	leave_unfinished(*state, "20240102T000000Z-full", dead, 23);
	leave_unfinished(*state, "20240103T000000Z-full", dead, 25);
	expiry = expiry_plan(*state, &policy);
	assert_int_equal(expiry->judged[0].state, RETENTION_RUNNING);
	assert_int_equal(expiry->judged[1].state, RETENTION_UNFINISHED);
	assert_int_equal(expiry->judged[1].decision, RETENTION_KEEP);
	assert_int_equal(expiry->judged[2].decision, RETENTION_DELETE);
	expiry_apply(*state, expiry, count_deletion);
	assert_int_equal(scratch_count_files(sample_directory), 3);
}

static void
a_pin_that_comes_in_between_keeps_the_backup(void **state)
{
	RetentionPolicy policy = strict_policy();
	const char *id = "20240101T000000Z-full";
	Expiry	   *expiry;

	sample_backup(*state, id, CIPHER_NONE);
	sample_backup(*state, "20240201T000000Z-full", CIPHER_NONE);
	expiry = expiry_plan(*state, &policy);
	assert_int_equal(expiry->deletions, 1);
	sample_add_event(*state, id, EVENT_PIN, NULL, "wait");
	deletions_reported = 0;
	expiry_apply(*state, expiry, count_deletion);
	assert_int_equal(deletions_reported, 0);
	assert_int_equal(expiry->judged[0].decision, RETENTION_KEEP);
	assert_reads_back(*state, backup_load(*state, id));
}

static void
a_deletion_that_has_begun_is_finished_and_keeps_its_rule(void **state)
{
	RetentionPolicy policy = strict_policy();
	const char *id = "20240101T000000Z-full";
	Expiry	   *expiry;

	sample_backup(*state, id, CIPHER_AES_256_CBC);
	sample_add_event(*state, id, EVENT_PIN, NULL, "too late");
	sample_add_event(*state, id, EVENT_DELETING, NULL, "daily, older than 7 days");
	expect_load_failure(*state, id, FAILURE_UNDEFINED, "is being deleted");
	store_remove(((Repository *) *state)->store, psprintf("main/backup/%s/manifest.json", id));
	expiry = expiry_plan(*state, &policy);
	assert_string_equal(expiry->items[0].reason, "its deletion has begun: daily, older than 7 days");
	deletions_reported = 0;
	expiry_apply(*state, expiry, count_deletion);
	assert_int_equal(deletions_reported, 1);
	assert_int_equal(access(sample_path(id, ""), F_OK), -1);
}

/*
 * Deletes a backup as on a disk that has no room for the rule.
 */
static void
delete_without_room(Repository *repository, const Expiry *expiry, const char *id)
{
	const ExpiryItem *item = &expiry->items[find_item(expiry, id)];

	backup_delete(repository, &item->folder, item->backup, NULL);
}

static void
a_deletion_without_room_is_one_wherever_it_is_cut_short(void **state)
{
	RetentionPolicy policy = strict_policy();
	const char *id = "20240101T000000Z-full";
	Expiry	   *expiry;

	sample_backup(*state, id, CIPHER_AES_256_CBC);
	sample_backup(*state, "20240201T000000Z-full", CIPHER_AES_256_CBC);
	assert_true(store_rename(((Repository *) *state)->store,
							 psprintf("main/backup/%s/manifest.json", id),
							 psprintf("main/backup/%s/deleting.json", id)));
	expect_load_failure(*state, id, FAILURE_UNDEFINED, "is being deleted");
	expiry = expiry_plan(*state, &policy);
	assert_int_equal(expiry->judged[0].state, RETENTION_DELETING);
	assert_string_equal(expiry->items[0].reason, "its deletion has begun");
	store_remove(((Repository *) *state)->store, psprintf("main/backup/%s/erp.dump.zst.aes", id));
	expiry_apply(*state, expiry_plan(*state, &policy), count_deletion);
	assert_int_equal(access(sample_path(id, ""), F_OK), -1);
}

static void
a_deletion_without_room_leaves_nothing_but_what_is_pinned(void **state)
{
	RetentionPolicy policy = strict_policy();
	const char *const ids[] = {
		"20240101T000000Z-full", "20240102T000000Z-full", "20240103T000000Z-full",
		"20240104T000000Z-full"
	};
	Expiry	   *expiry;

	for (int i = 0; i < lengthof(ids); i++)
		sample_backup(*state, ids[i], CIPHER_AES_256_CBC);
	scratch_write(sample_path(ids[1], "manifest.json"), "{}", 2);
	assert_int_equal(unlink(sample_path(ids[2], "manifest.json")), 0);
	expiry = expiry_plan(*state, &policy);
	sample_add_event(*state, ids[3], EVENT_PIN, NULL, "wait");
	for (int i = 0; i < lengthof(ids); i++)
		delete_without_room(*state, expiry, ids[i]);
	for (int i = 0; i < 3; i++)
		assert_int_equal(access(sample_path(ids[i], ""), F_OK), -1);
	assert_reads_back(*state, backup_load(*state, ids[3]));
}

static void
what_a_deletion_that_was_killed_left_of_folders_goes(void **state)
{
	RetentionPolicy policy = strict_policy();
	const char *id = "20240101T000000Z-full";

	sample_backup(*state, id, CIPHER_NONE);
	assert_int_equal(mkdir(sample_path("20240102T000000Z-full", ""), 0700), 0);
	assert_int_equal(mkdir(sample_path("20240102T000000Z-full", "event"), 0700), 0);
	expiry_apply(*state, expiry_plan(*state, &policy), count_deletion);
	assert_int_equal(access(sample_path("20240102T000000Z-full", ""), F_OK), -1);
	assert_reads_back(*state, backup_load(*state, id));
}

static void
plan_with_wrong_key(void *argument)
{
	RetentionPolicy policy = strict_policy();

	expiry_plan(argument, &policy);
}

static void
a_wrong_key_is_no_reason_to_delete(void **state)
{
	sample_backup(*state, "20240101T000000Z-full", CIPHER_AES_256_CBC);
	sample_backup(*state, "20240201T000000Z-full", CIPHER_NONE);
	expect_failure(FAILURE_KEY, "does not open", plan_with_wrong_key,
				   repository_open(sample_directory, "main", "another key"));
	expect_failure(FAILURE_KEY, "no encryption key", plan_with_wrong_key,
				   repository_open(sample_directory, "main", NULL));
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, sample_open, sample_close)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(every_state_of_a_folder_has_one_for_retention),
		CASE(what_was_asked_for_makes_the_kind),
		CASE(only_what_is_not_kept_is_deleted),
		CASE(what_cannot_be_read_is_kept_from_when_it_was_found),
		CASE(what_somebody_writes_is_left_alone),
		CASE(a_pin_that_comes_in_between_keeps_the_backup),
		CASE(a_deletion_that_has_begun_is_finished_and_keeps_its_rule),
		CASE(a_deletion_without_room_is_one_wherever_it_is_cut_short),
		CASE(a_deletion_without_room_leaves_nothing_but_what_is_pinned),
		CASE(what_a_deletion_that_was_killed_left_of_folders_goes),
		CASE(a_wrong_key_is_no_reason_to_delete)
	};

	return cmocka_run_group_tests_name("expiry", cases, NULL, NULL);
}

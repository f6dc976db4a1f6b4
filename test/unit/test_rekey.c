/*
 * Changing who can open a cluster's keys.
 */
#include "helpers.h"
#include "scratch.h"

#include <unistd.h>

#include "repository/key_object.h"
#include "repository/rekey.h"

#define PREFIX "main/"
#define OLD "the old passphrase"
#define NEW "the new passphrase"
#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

#define REKEY(...) ((Rekey) {__VA_ARGS__})

/* Steps as "added kept removed". */
static char steps[1000];
static char last_wrapping[KEY_ID_SIZE];
static char *directory;

static void
note_step(void *context, RekeyAction action, const char *cluster_key, const char *wrapping)
{
	snprintf(steps + strlen(steps), sizeof(steps) - strlen(steps), "%s%s",
			 steps[0] == '\0' ? "" : " ", rekey_action_name(action));
	strlcpy(last_wrapping, wrapping, sizeof(last_wrapping));
}

/* Does everything that is asked for, as the command does; the steps. */
static const char *
run(Rekey rekey, bool new_cluster_key)
{
	RekeyFound	found;
	KeyText		made[REKEY_MASTERS];

	steps[0] = '\0';
	rekey.prefix = PREFIX;
	found = rekey_add(&rekey, note_step, NULL);
	assert_int_equal(found.left, 0);
	if (new_cluster_key)
		rekey_make(&rekey, made, rekey_new_cluster_key(&rekey, found.newest_ms, made), note_step, NULL);
	if (rekey.retire)
		rekey_retire(&rekey, note_step, NULL);
	return steps;
}

static void
run_apart_step(void *argument)
{
	rekey_add(argument, note_step, NULL);
}

static void
remove_last(void *argument)
{
	assert_true(rekey_remove(argument, last_wrapping, note_step, NULL));
}

static void
open_current(void *argument)
{
	const Rekey *rekey = argument;

	cluster_key_current(rekey->store, PREFIX, rekey->present, false);
}

static int
open_store(void **state)
{
	directory = scratch_directory();
	*state = store_open(directory, false);
	cluster_key_current(*state, PREFIX, OLD, true);
	return 0;
}

static int
close_store(void **state)
{
	store_close(*state);
	return 0;
}

static void
both_keys_open_the_same_cluster_key_until_the_old_one_is_retired(void **state)
{
	ClusterKey	before = cluster_key_current(*state, PREFIX, OLD, false);
	Rekey		with_old = {.store = *state, .prefix = PREFIX, .present = OLD};

	assert_string_equal(run(REKEY(.store = *state, .present = OLD, .added = NEW), false), "added");
	assert_string_equal(cluster_key_current(*state, PREFIX, OLD, false).key, before.key);
	assert_string_equal(cluster_key_current(*state, PREFIX, NEW, false).key, before.key);
	assert_string_equal(run(REKEY(.store = *state, .present = OLD, .added = NEW), false), "kept");
	assert_string_equal(run(REKEY(.store = *state, .present = OLD, .added = NEW, .retire = true), false),
						"kept removed");
	assert_string_equal(cluster_key_current(*state, PREFIX, NEW, false).key, before.key);
	expect_failure(FAILURE_KEY, "does not open the keys", open_current, &with_old);
	assert_int_equal(scratch_count_files(directory), 1);
}

static void
a_dry_run_changes_nothing(void **state)
{
	assert_string_equal(run(REKEY(.store = *state, .present = OLD, .added = RANDOM, .retire = true, .dry_run = true), true),
						"added made removed");
	assert_int_equal(scratch_count_files(directory), 1);
	cluster_key_current(*state, PREFIX, OLD, false);
}

static void
a_new_cluster_key_is_the_current_one_of_both_and_older_ones_stay_readable(void **state)
{
	ClusterKey	first = cluster_key_current(*state, PREFIX, OLD, false);
	ClusterKey	second;

	assert_string_equal(run(REKEY(.store = *state, .present = OLD), true), "made");
	second = cluster_key_current(*state, PREFIX, OLD, false);
	assert_string_not_equal(first.id, second.id);

	/* Which one is current does not depend on when each was wrapped. */
	assert_string_equal(run(REKEY(.store = *state, .present = OLD, .added = RANDOM), false), "added added");
	assert_string_equal(cluster_key_current(*state, PREFIX, RANDOM, false).id, second.id);
	assert_string_equal(cluster_key_open(*state, PREFIX, first.id, RANDOM, "a test").key, first.key);
}

static void
a_rekey_that_was_cut_short_is_completed(void **state)
{
	ClusterKey	current;

	run(REKEY(.store = *state, .present = OLD), true);
	current = cluster_key_current(*state, PREFIX, OLD, false);
	run(REKEY(.store = *state, .present = OLD, .added = RANDOM), false);
	assert_int_equal(unlink(psprintf("%s/main/key/%s.json", directory, last_wrapping)), 0);
	assert_string_equal(run(REKEY(.store = *state, .present = OLD, .added = RANDOM, .retire = true), false),
						"kept added removed removed");
	assert_string_equal(cluster_key_current(*state, PREFIX, RANDOM, false).id, current.id);
}

static void
a_key_that_opens_nothing_is_refused(void **state)
{
	Rekey		rekey = {.store = *state, .prefix = PREFIX, .present = NEW, .added = RANDOM, .retire = true};

	expect_failure(FAILURE_KEY, "does not open the keys", run_apart_step, &rekey);
	assert_int_equal(scratch_count_files(directory), 1);
}

static void
a_recipient_is_removed_but_never_the_last_one(void **state)
{
	Rekey		rekey = {.store = *state, .prefix = PREFIX, .present = OLD};
	Rekey		dry = {.store = *state, .prefix = PREFIX, .present = OLD, .dry_run = true};

	run(REKEY(.store = *state, .present = OLD, .added = RANDOM, .label = "the safe"), false);
	remove_last(&dry);
	assert_int_equal(scratch_count_files(directory), 2);
	remove_last(&rekey);
	assert_int_equal(scratch_count_files(directory), 1);
	assert_false(rekey_remove(&rekey, last_wrapping, note_step, NULL));
	run(REKEY(.store = *state, .present = OLD, .added = RANDOM), false);
	cluster_key_current(*state, PREFIX, OLD, false);
	rekey.present = RANDOM;
	expect_failure(FAILURE_STATE, "opens no other one", remove_last, &rekey);
	rekey.present = "neither";
	expect_failure(FAILURE_STATE, "opens no other one", remove_last, &rekey);
	assert_int_equal(scratch_count_files(directory), 2);
}

static void
a_label_is_kept_and_a_damaged_object_is_not_removed(void **state)
{
	Rekey		rekey = {.store = *state, .prefix = PREFIX, .present = OLD};
	KeyObjects	keys;
	int			labels = 0;

	run(REKEY(.store = *state, .present = OLD, .added = RANDOM, .label = "the safe"), false);
	keys = key_objects_read(*state, PREFIX);
	for (int i = 0; i < keys.count; i++)
		labels += keys.objects[i].label != NULL && strcmp(keys.objects[i].label, "the safe") == 0;
	assert_int_equal(labels, 1);
	scratch_write(psprintf("%s/main/key/%s.json", directory, last_wrapping), "{}", 2);
	expect_failure(FAILURE_DAMAGED, "may be the last one", remove_last, &rekey);
}

static void
a_wrapping_that_another_repository_has_is_stored_as_it_is_there(void **state)
{
	char	   *elsewhere = scratch_directory();
	Store	   *other = store_open(elsewhere, false);
	KeyText		known;
	char	   *path;

	cluster_keys_copy(*state, other, PREFIX);
	run(REKEY(.store = *state, .present = OLD, .added = RANDOM), false);
	path = key_object_path(PREFIX, last_wrapping);
	strlcpy(known.wrapping, last_wrapping, KEY_ID_SIZE);
	strlcpy(known.cluster_key, cluster_key_current(*state, PREFIX, RANDOM, false).id, KEY_ID_SIZE);
	known.content = store_get_text(*state, path, 10000);

	assert_string_equal(run(REKEY(.store = other, .present = OLD, .added = RANDOM, .known = &known, .known_count = 1), false),
						"added");
	assert_string_equal(last_wrapping, known.wrapping);
	assert_string_equal(store_get_text(other, path, 10000), known.content);
	assert_int_equal(scratch_count_files(elsewhere), 2);
	store_close(other);
}

static void
of_several_repositories_one_may_have_been_changed_before(void **state)
{
	Rekey		alone = {.store = *state, .prefix = PREFIX, .present = OLD, .added = RANDOM, .retire = true};
	Rekey		one_of_several = {.store = *state, .present = OLD, .added = RANDOM, .retire = true, .is_one_of_several = true};

	/* What is tried beforehand leaves nothing. */
	assert_string_equal(run(one_of_several, false), "added removed");
	assert_int_equal(scratch_count_files(directory), 1);
	expect_failure(FAILURE_KEY, "does not open the keys", run_apart_step, &alone);
	assert_string_equal(run(one_of_several, false), "kept");
	one_of_several.prefix = PREFIX;
	assert_int_equal(rekey_add(&one_of_several, note_step, NULL).opened, 0);
	one_of_several.prefix = "other/";
	expect_failure(FAILURE_STATE, "there is no encryption key under", run_apart_step, &one_of_several);
	one_of_several.prefix = PREFIX;
	one_of_several.added = NEW;
	expect_failure(FAILURE_KEY, "does not open the keys", run_apart_step, &one_of_several);
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, open_store, close_store)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(both_keys_open_the_same_cluster_key_until_the_old_one_is_retired),
		CASE(a_dry_run_changes_nothing),
		CASE(a_new_cluster_key_is_the_current_one_of_both_and_older_ones_stay_readable),
		CASE(a_rekey_that_was_cut_short_is_completed),
		CASE(a_key_that_opens_nothing_is_refused),
		CASE(a_recipient_is_removed_but_never_the_last_one),
		CASE(a_label_is_kept_and_a_damaged_object_is_not_removed),
		CASE(a_wrapping_that_another_repository_has_is_stored_as_it_is_there),
		CASE(of_several_repositories_one_may_have_been_changed_before)
	};

	return cmocka_run_group_tests_name("rekey", cases, NULL, NULL);
}

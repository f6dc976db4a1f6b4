/*
 * What every kind of store promises, as test cases.
 */
#include "helpers.h"
#include "store_cases.h"
#include "store_conformance.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "stream/filters.h"

#define BIG_LIMIT (16 * 1024 * 1024)

/* More objects than are on their way at a time. */
#define GATHERED_COUNT 20

static StoreFactory make_store;

static int
open_store(void **state)
{
	*state = make_store();
	return 0;
}

static int
close_store(void **state)
{
	store_close(*state);
	return 0;
}

void
put_new(Store *store, const char *name, const char *content)
{
	store_put_text(store, name, content, PUT_NEW);
}

void
assert_content(Store *store, const char *name, const char *expected)
{
	char	   *content = store_get_text(store, name, 1024);

	assert_non_null(content);
	assert_string_equal(content, expected);
	pg_free(content);
}

bool
exists(Store *store, const char *name)
{
	StoreListing listing = store_list(store, name);
	bool		found = store_listing_has(&listing, name);

	store_listing_free(&listing);
	return found;
}

void
assert_listing(Store *store, const char *prefix, int count,
			   const char *const *names)
{
	StoreListing listing = store_list(store, prefix);

	assert_int_equal(listing.count, count);
	for (int i = 0; i < count; i++)
		assert_string_equal(listing.objects[i].name, names[i]);
	store_listing_free(&listing);
}

static void
a_new_store_is_empty(void **state)
{
	assert_listing(*state, "", 0, NULL);
	assert_listing(*state, "some/folder/", 0, NULL);
	assert_null(store_get_text(*state, "some/object", 1024));
}

static void
assert_round_trip(Store *store, const char *name, size_t len)
{
	char	   *data = random_data(len);
	char	   *copy;
	size_t		copy_len;
	Sink	   *object = store_put(store, name, PUT_NEW);
	Sink	   *memory = memory_sink(&copy, &copy_len, BIG_LIMIT, name);

	write_in_pieces(object, data, len, 300 * 1024);
	sink_finish(object);
	sink_release(object);
	assert_true(store_get(store, name, memory));
	sink_finish(memory);
	sink_release(memory);
	assert_int_equal(copy_len, len);
	assert_memory_equal(copy, data, len);
	pg_free(copy);
	pg_free(data);
}

static void
what_was_put_is_got_back(void **state)
{
	assert_round_trip(*state, "empty", 0);
	assert_round_trip(*state, "a/byte", 1);
	assert_round_trip(*state, "a/piece", 1024 * 1024);
	assert_round_trip(*state, "a/deep/er/folder/large", 9 * 1024 * 1024 + 7);
}

static void
what_is_gathered_is_whole_and_the_rest_is_left_out(void **state)
{
	Store	   *store = *state;
	StoreBytes	objects[GATHERED_COUNT + 3] = {0};

	for (int i = 0; i < GATHERED_COUNT; i++)
	{
		objects[i].name = psprintf("folder/%d", i);
		objects[i].size = strlen(objects[i].name);
		put_new(store, objects[i].name, objects[i].name);
	}
	objects[GATHERED_COUNT] = (StoreBytes)
	{
		"folder/0", 7
	};
	objects[GATHERED_COUNT + 1] = (StoreBytes)
	{
		"folder/0", 9
	};
	objects[GATHERED_COUNT + 2] = (StoreBytes)
	{
		"folder/missing", 7
	};
	store_gather(store, objects, lengthof(objects));
	for (int i = 0; i < GATHERED_COUNT; i++)
	{
		if (store->ops->gather == NULL)
			assert_null(objects[i].data);
		else
			assert_memory_equal(objects[i].data, objects[i].name, objects[i].size);
		pg_free(objects[i].data);
		pg_free((char *) objects[i].name);
	}
	for (int i = GATHERED_COUNT; i < lengthof(objects); i++)
		assert_null(objects[i].data);
}

static void
an_object_is_not_seen_before_it_is_finished(void **state)
{
	Sink	   *object = store_put(*state, "folder/object", PUT_NEW);

	sink_write(object, "bytes", 5);
	assert_false(exists(*state, "folder/object"));
	assert_null(store_get_text(*state, "folder/object", 1024));
	assert_listing(*state, "", 0, NULL);
	sink_finish(object);
	assert_true(exists(*state, "folder/object"));
	sink_release(object);
	assert_content(*state, "folder/object", "bytes");
}

static void
an_object_released_unfinished_never_exists(void **state)
{
	Sink	   *object = store_put(*state, "folder/object", PUT_NEW);

	sink_write(object, "bytes", 5);
	sink_release(object);
	assert_listing(*state, "", 0, NULL);
	put_new(*state, "folder/object", "other bytes");
	assert_content(*state, "folder/object", "other bytes");
}

static void
fail_in_mid_object(void *argument)
{
	Sink	   *object = store_put(argument, "folder/object", PUT_NEW);

	sink_write(object, "bytes", 5);
	fail(FAILURE_STATE, NULL, "something else went wrong");
}

static void
an_object_of_a_process_that_fails_never_exists(void **state)
{
	expect_failure(FAILURE_STATE, "something else", fail_in_mid_object, *state);
	assert_listing(*state, "", 0, NULL);
}

static void
put_object_again(void *argument)
{
	put_new(argument, "folder/object", "second");
}

static void
a_new_object_is_refused_where_one_exists(void **state)
{
	put_new(*state, "folder/object", "first");
	expect_failure(FAILURE_DUPLICATE, "folder/object", put_object_again, *state);
	assert_content(*state, "folder/object", "first");
}

static void
a_replaced_object_has_only_its_new_content(void **state)
{
	put_new(*state, "folder/object", "a long first content");
	store_put_text(*state, "folder/object", "second", PUT_REPLACE);
	assert_content(*state, "folder/object", "second");
	store_put_text(*state, "folder/other", "first", PUT_REPLACE);
	assert_content(*state, "folder/other", "first");
}

static void
a_listing_is_in_byte_order_of_whole_names(void **state)
{
	const char *const names[] = {"A", "a%20", "a-b", "a.b", "a/-", "a/b/c", "a/b0", "a0", "a_"};

	for (int i = lengthof(names) - 1; i >= 0; i--)
		put_new(*state, names[i], names[i]);
	assert_listing(*state, "", lengthof(names), names);
}

static void
a_prefix_is_one_of_names_and_not_of_folders(void **state)
{
	const char *const names[] = {"backup/20-a", "backup/20/x", "backup/200", "backup/3", "wal/20"};

	for (int i = 0; i < lengthof(names); i++)
		put_new(*state, names[i], "content");
	assert_listing(*state, "backup/20", 3, names);
	assert_listing(*state, "backup/20/", 1, names + 1);
	assert_listing(*state, "backup/", 4, names);
	assert_listing(*state, "backup", 4, names);
	assert_listing(*state, "backup/20/x", 1, names + 1);
	assert_listing(*state, "back/", 0, NULL);
}

static void
a_listing_tells_sizes_and_times(void **state)
{
	StoreListing listing;

	put_new(*state, "a", "");
	put_new(*state, "b", "12345");
	listing = store_list(*state, "");
	assert_int_equal(listing.objects[0].size, 0);
	assert_int_equal(listing.objects[1].size, 5);
	assert_true(labs((long) (time(NULL) - listing.objects[1].modified)) < 60);
	store_listing_free(&listing);
}

static void
a_removed_object_is_gone_and_its_name_is_free(void **state)
{
	put_new(*state, "folder/a", "a");
	put_new(*state, "folder/b", "b");
	store_remove(*state, "folder/a");
	assert_false(exists(*state, "folder/a"));
	assert_null(store_get_text(*state, "folder/a", 1024));
	assert_content(*state, "folder/b", "b");
	put_new(*state, "folder/a", "again");
	assert_content(*state, "folder/a", "again");
}

static void
removing_what_is_not_there_is_no_error(void **state)
{
	store_remove(*state, "folder/object");
	put_new(*state, "folder/other", "content");
	store_remove(*state, "folder/object");
	assert_content(*state, "folder/other", "content");
}

static void
many_objects_are_removed_at_once_whether_they_are_there_or_not(void **state)
{
	char	   *names[] = {"folder/a", "folder/absent", "folder/b%20.c", "folder/d/e"};
	char	   *others[] = {"folder/f", "folder/absent"};

	put_new(*state, names[0], "a");
	put_new(*state, names[2], "b");
	put_new(*state, names[3], "c");
	put_new(*state, "folder/f", "d");
	put_new(*state, "folder/stays", "stays");
	store_remove_many(*state, names, lengthof(names));
	store_remove_many(*state, names, 0);
	store_tidy(*state, others, lengthof(others));
	assert_false(exists(*state, names[0]));
	assert_false(exists(*state, names[2]));
	assert_false(exists(*state, names[3]));
	assert_false(exists(*state, others[0]));
	assert_content(*state, "folder/stays", "stays");
}

/*
 * Leaves an unfinished object as a process that is killed does.
 */
static void
leave_unfinished(Store *store, const char *name)
{
	pid_t		pid = worker_fork();
	int			status;

	if (pid == 0)
	{
		Sink	   *object = store_put(store, name, PUT_NEW);

		sink_write(object, "bytes", 5);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
}

static void
a_sweep_removes_unfinished_objects_only(void **state)
{
	put_new(*state, "folder/a", "a");
	leave_unfinished(*state, "folder/b");
	leave_unfinished(*state, "folder/deeper/c");
	store_sweep(*state, "folder/");
	store_sweep(*state, "nothing/");
	assert_content(*state, "folder/a", "a");
	assert_int_equal(exists(*state, "folder/b"), false);
	put_new(*state, "folder/b", "b");
	assert_content(*state, "folder/b", "b");
}

static void
a_renamed_object_has_only_its_new_name(void **state)
{
	put_new(*state, "folder/a", "content");
	if (!store_rename(*state, "folder/a", "folder/b"))
	{
		assert_content(*state, "folder/a", "content");
		assert_false(exists(*state, "folder/b"));
		return;
	}
	assert_content(*state, "folder/b", "content");
	assert_false(exists(*state, "folder/a"));
	assert_false(store_rename(*state, "folder/a", "folder/b"));
	assert_false(store_rename(*state, "nothing/a", "nothing/b"));
	assert_content(*state, "folder/b", "content");
}

static void
pruning_disturbs_no_object(void **state)
{
	Sink	   *object = store_put(*state, "folder/deeper/new", PUT_NEW);

	put_new(*state, "other/folder/a", "a");
	store_prune(*state, "");
	store_prune(*state, "folder/");
	store_prune(*state, "nothing/");
	sink_write(object, "bytes", 5);
	sink_finish(object);
	sink_release(object);
	assert_content(*state, "folder/deeper/new", "bytes");
	assert_content(*state, "other/folder/a", "a");
}

static void
forgetting_changes_nothing_but_the_way_of_reading(void **state)
{
	put_new(*state, "object", "content");
	store_forget(*state, "object");
	assert_content(*state, "object", "content");
	store_forget(*state, "absent");
	assert_false(exists(*state, "absent"));
}

static void
free_space_is_not_more_than_all_space(void **state)
{
	int64		available;
	int64		total;

	if (!store_space(*state, &available, &total))
		return;
	assert_true(available >= 0);
	assert_true(total >= available);
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, open_store, close_store)

int
store_conformance(const char *title, StoreFactory factory)
{
	const struct CMUnitTest cases[] = {
		CASE(a_new_store_is_empty),
		CASE(what_was_put_is_got_back),
		CASE(what_is_gathered_is_whole_and_the_rest_is_left_out),
		CASE(an_object_is_not_seen_before_it_is_finished),
		CASE(an_object_released_unfinished_never_exists),
		CASE(an_object_of_a_process_that_fails_never_exists),
		CASE(a_new_object_is_refused_where_one_exists),
		CASE(of_two_new_objects_of_one_name_exactly_one_wins),
		CASE(of_many_new_objects_of_one_name_exactly_one_wins),
		CASE(a_replaced_object_has_only_its_new_content),
		CASE(a_listing_is_in_byte_order_of_whole_names),
		CASE(a_prefix_is_one_of_names_and_not_of_folders),
		CASE(a_listing_tells_sizes_and_times),
		CASE(a_removed_object_is_gone_and_its_name_is_free),
		CASE(removing_what_is_not_there_is_no_error),
		CASE(many_objects_are_removed_at_once_whether_they_are_there_or_not),
		CASE(a_sweep_removes_unfinished_objects_only),
		CASE(a_renamed_object_has_only_its_new_name),
		CASE(pruning_disturbs_no_object),
		CASE(forgetting_changes_nothing_but_the_way_of_reading),
		CASE(names_that_no_object_can_have_are_refused),
		CASE(long_names_work),
		CASE(a_text_larger_than_its_limit_is_damage),
		CASE(a_text_with_a_zero_byte_is_damage),
		CASE(free_space_is_not_more_than_all_space)
	};

	make_store = factory;
	return _cmocka_run_group_tests(title, cases, lengthof(cases), NULL, NULL);
}

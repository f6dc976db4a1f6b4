/*
 * The store in Azure's Blob service, against the server that
 * ERPGO_BACKUP_TEST_AZURE names: a URL "azure://account/container?endpoint=…";
 * the key is in the environment.
 */
#include "helpers.h"
#include "store_conformance.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024 * 1024)

/* URLs of stores begin and end with this. */
static const char *container_url;
static const char *parameters;

/*
 * Opens another part of the container, in which there is nothing.
 */
static Store *
open_new_part(void)
{
	static int	count = 0;

	return store_open(psprintf("%s/unit-%ld-%d/part-%d%s", container_url,
							   (long) time(NULL), (int) getpid(), ++count, parameters),
					  false);
}

static const char *
environment_variable(const char *name)
{
	return getenv(name);
}

/*
 * Takes the URL and the key from the environment; false if there are none.
 */
static bool
read_environment(void)
{
	const char *url = getenv("ERPGO_BACKUP_TEST_AZURE");
	StoreAccess access = {.variable = environment_variable};

	if (url == NULL)
		return false;
	parameters = strchr(url, '?');
	container_url = pnstrdup(url, parameters - url);
	store_set_access(&access);
	return true;
}

static int
open_store(void **state)
{
	*state = open_new_part();
	return 0;
}

static int
close_store(void **state)
{
	store_close(*state);
	return 0;
}

/*
 * Begins an object that is larger than a block, so that blocks are stored.
 */
static Sink *
begin_large(Store *store, int mib)
{
	Sink	   *object = store_put(store, "folder/large", PUT_NEW);
	char	   *data = random_data(MIB);

	for (int i = 0; i < mib; i++)
		sink_write(object, data, MIB);
	pg_free(data);
	return object;
}

static void
finish(void *argument)
{
	sink_finish(argument);
}

static void
of_two_objects_in_blocks_the_first_to_finish_wins(void **state)
{
	Sink	   *first = begin_large(*state, 40);
	Sink	   *second = begin_large(*state, 41);

	assert_int_equal(store_list(*state, "").count, 0);
	sink_finish(second);
	expect_failure(FAILURE_DUPLICATE, "folder/large", finish, first);
	sink_release(first);
	sink_release(second);
	assert_int_equal(store_list(*state, "").objects[0].size, 41 * MIB);
	store_remove(*state, "folder/large");
}

/*
 * Kilobytes of memory that this process had at most.
 */
static long
peak_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void
a_large_object_takes_the_memory_of_some_blocks_only(void **state)
{
	Sink	   *object = begin_large(*state, 40);
	long		before = peak_memory();

	sink_release(object);
	object = begin_large(*state, 120);
	sink_finish(object);
	sink_release(object);
	assert_true(peak_memory() - before < 30 * 1024);
	store_remove(*state, "folder/large");
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, open_store, close_store)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(of_two_objects_in_blocks_the_first_to_finish_wins),
		CASE(a_large_object_takes_the_memory_of_some_blocks_only)
	};

	if (!read_environment())
	{
		printf("1..0 # SKIP SKIPPED: Azure's Blob service was not tested: ERPGO_BACKUP_TEST_AZURE is not set\n");
		return 0;
	}
	return store_conformance("store in a container, as any store", open_new_part) +
		cmocka_run_group_tests_name("store in a container", cases, NULL, NULL);
}

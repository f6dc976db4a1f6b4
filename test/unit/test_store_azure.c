/*
 * The store in Azure's Blob service, against the server that
 * ERPGO_BACKUP_TEST_AZURE names: a URL "azure://account/container?endpoint=…";
 * the key is in the environment.
 */
#include "helpers.h"
#include "far_store.h"
#include "store_conformance.h"

static int
open_store(void **state)
{
	*state = far_store_open_new();
	return 0;
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

static void
a_large_object_takes_the_memory_of_some_blocks_only(void **state)
{
	assert_memory_is_bounded(*state, 40, 120, 30);
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, open_store, far_store_close)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(of_two_objects_in_blocks_the_first_to_finish_wins),
		CASE(a_large_object_takes_the_memory_of_some_blocks_only)
	};

	if (!far_store_is_given("ERPGO_BACKUP_TEST_AZURE", NULL))
	{
		printf("1..0 # SKIP SKIPPED: Azure's Blob service was not tested: ERPGO_BACKUP_TEST_AZURE is not set\n");
		return 0;
	}
	return store_conformance("store in a container, as any store", far_store_open_new) +
		cmocka_run_group_tests_name("store in a container", cases, NULL, NULL);
}

/*
 * How long a process gives way to others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "priority.h"

#define MILLISECONDS(number) ((number) * INT64CONST(1000000))

static void
who_finds_the_processors_free_does_not_pause(void **state)
{
	(void) state;
	assert_int_equal(priority_pause_ns(10, MILLISECONDS(100), 0), 0);
	assert_int_equal(priority_pause_ns(19, MILLISECONDS(100), MILLISECONDS(10)), 0);
}

static void
who_had_to_wait_pauses_as_long_as_it_waited(void **state)
{
	(void) state;
	assert_int_equal(priority_pause_ns(3, MILLISECONDS(100), MILLISECONDS(30)), MILLISECONDS(30));
	assert_int_equal(priority_pause_ns(3, 0, MILLISECONDS(30)), MILLISECONDS(30));
}

static void
pauses_grow_with_the_niceness(void **state)
{
	(void) state;
	assert_int_equal(priority_pause_ns(0, MILLISECONDS(100), MILLISECONDS(30)), 0);
	assert_int_equal(priority_pause_ns(6, MILLISECONDS(100), MILLISECONDS(30)), MILLISECONDS(60));
	assert_int_equal(priority_pause_ns(19, MILLISECONDS(100), MILLISECONDS(30)), MILLISECONDS(190));
}

static void
a_pause_ends_after_two_seconds(void **state)
{
	(void) state;
	assert_int_equal(priority_pause_ns(3, 0, MILLISECONDS(60000)), MILLISECONDS(2000));
	assert_int_equal(priority_pause_ns(19, 0, MILLISECONDS(60000)), MILLISECONDS(2000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_finds_the_processors_free_does_not_pause),
		cmocka_unit_test(who_had_to_wait_pauses_as_long_as_it_waited),
		cmocka_unit_test(pauses_grow_with_the_niceness),
		cmocka_unit_test(a_pause_ends_after_two_seconds),
	};

	return cmocka_run_group_tests_name("giving way", tests, NULL, NULL);
}

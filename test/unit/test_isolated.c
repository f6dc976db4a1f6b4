/*
 * Steps in a process of their own.
 */
#include "helpers.h"

#include <signal.h>
#include <unistd.h>

#include "isolated.h"

static void
succeed(void *context)
{
	/* Nobody else sees what it changes. */
	*(int *) context = 1;
}

static void
fail_fully(void *context)
{
	Failure		failure = {FAILURE_DAMAGED, "what happened", "Its detail.", "Its hint."};

	fail_with(&failure);
}

static void
fail_briefly(void *context)
{
	fail(FAILURE_KEY, NULL, "only this");
}

static void
die(void *context)
{
	raise(SIGKILL);
}

static void
wait_for_ever(void *context)
{
	for (;;)
		pause();
}

static void
a_step_that_succeeds_changes_nothing_here(void **state)
{
	Failure		problem;
	int			mine = 0;

	assert_true(isolated_run(succeed, &mine, &problem));
	assert_int_equal(mine, 0);
}

static void
a_failure_arrives_whole(void **state)
{
	Failure		problem;

	assert_false(isolated_run(fail_fully, NULL, &problem));
	assert_int_equal(problem.kind, FAILURE_DAMAGED);
	assert_string_equal(problem.message, "what happened");
	assert_string_equal(problem.detail, "Its detail.");
	assert_string_equal(problem.hint, "Its hint.");
}

static void
what_a_failure_does_not_say_is_null(void **state)
{
	Failure		problem;

	assert_false(isolated_run(fail_briefly, NULL, &problem));
	assert_int_equal(problem.kind, FAILURE_KEY);
	assert_string_equal(problem.message, "only this");
	assert_null(problem.detail);
	assert_null(problem.hint);
}

static void
a_step_that_is_killed_is_a_failure_that_names_the_signal(void **state)
{
	Failure		problem;

	assert_false(isolated_run(die, NULL, &problem));
	assert_int_equal(problem.kind, FAILURE_PROGRAM);
	assert_non_null(strstr(problem.message, "signal 9"));
}

static void
a_step_can_be_ended(void **state)
{
	isolated_kill(isolated_start(wait_for_ever, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_that_succeeds_changes_nothing_here),
		cmocka_unit_test(a_failure_arrives_whole),
		cmocka_unit_test(what_a_failure_does_not_say_is_null),
		cmocka_unit_test(a_step_that_is_killed_is_a_failure_that_names_the_signal),
		cmocka_unit_test(a_step_can_be_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Which backup is verified next, and when is it enough?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/verify_series.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

static const VerifySeries without_limit = {.started_at = 1000};

/* The next of some backups at the beginning of a series. */
#define first_of(candidates) \
	verify_series_next(&without_limit, 1000, candidates, COUNT(candidates))

static void
the_newest_that_was_never_proven_comes_first(void **state)
{
	const VerifyCandidate candidates[] = {
		{10, 500, 500}, {20, VERIFY_NEVER, VERIFY_NEVER},
		{40, VERIFY_NEVER, 700}, {50, 600, 600}, {30, VERIFY_NEVER, VERIFY_NEVER}
	};

	(void) state;
	assert_int_equal(first_of(candidates), 2);
}

static void
then_comes_the_one_proven_longest_ago(void **state)
{
	const VerifyCandidate candidates[] = {
		{10, 500, 500}, {20, 400, 900}, {30, 600, 600}
	};

	(void) state;
	assert_int_equal(first_of(candidates), 1);
}

static void
of_those_proven_at_one_time_the_newest_comes_first(void **state)
{
	const VerifyCandidate candidates[] = {
		{20, 400, 400}, {30, 400, 400}, {10, 400, 400}
	};

	(void) state;
	assert_int_equal(first_of(candidates), 1);
}

static void
none_comes_twice_whatever_became_of_it(void **state)
{
	const VerifyCandidate candidates[] = {
		{10, VERIFY_NEVER, 1000}, {20, 300, 2000}, {30, 400, 999}
	};

	(void) state;
	assert_int_equal(first_of(candidates), 2);
	assert_int_equal(verify_series_next(&without_limit, 1000, candidates, 2), -1);
	assert_int_equal(verify_series_next(&without_limit, 1000, candidates, 0), -1);
}

/*
 * Walks through as many backups as a series comes to, each of which takes so
 * long; returns how many that are.
 */
static int
walk(const VerifySeries *series, int64_t duration)
{
	VerifyCandidate candidates[50];
	int64_t		now = series->started_at;
	int			done = 0;
	int			next;

	for (int i = 0; i < COUNT(candidates); i++)
	{
		candidates[i].made_at = i;
		candidates[i].proven_at = candidates[i].tried_at = VERIFY_NEVER;
	}
	while ((next = verify_series_next(series, now, candidates, COUNT(candidates))) >= 0)
	{
		assert_int_equal(next, COUNT(candidates) - ++done);
		candidates[next].tried_at = now;
		now += duration;
	}
	return done;
}

static void
the_budget_ends_a_series(void **state)
{
	const VerifySeries series = {.started_at = 1000, .budget = 100};

	(void) state;
	assert_int_equal(walk(&series, 10), 10);
	assert_int_equal(walk(&series, 30), 4);
	assert_int_equal(walk(&series, 0), 50);
}

static void
what_takes_longer_than_the_budget_is_verified(void **state)
{
	const VerifySeries series = {.started_at = 1000, .budget = 1};
	const VerifyCandidate never = {10, VERIFY_NEVER, VERIFY_NEVER};

	(void) state;
	assert_int_equal(walk(&series, 1000), 1);
	assert_int_equal(verify_series_next(&series, 2000, &never, 1), 0);
}

static void
without_a_budget_all_are_verified(void **state)
{
	(void) state;
	assert_int_equal(walk(&without_limit, 1000000), 50);
}

static void
the_maximum_duration_ends_a_series_as_well(void **state)
{
	const VerifySeries shorter = {.started_at = 1000, .budget = 100, .maximum = 50};
	const VerifySeries longer = {.started_at = 1000, .budget = 100, .maximum = 500};

	(void) state;
	assert_int_equal(walk(&shorter, 10), 5);
	assert_int_equal(walk(&longer, 10), 10);
}

static void
a_clock_that_was_put_back_ends_a_series(void **state)
{
	const VerifyCandidate candidates[] = {{10, VERIFY_NEVER, VERIFY_NEVER}};

	(void) state;
	assert_int_equal(verify_series_next(&without_limit, 999, candidates, 1), -1);
	assert_int_equal(verify_series_next(&without_limit, 1000, candidates, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_that_was_never_proven_comes_first),
		cmocka_unit_test(then_comes_the_one_proven_longest_ago),
		cmocka_unit_test(of_those_proven_at_one_time_the_newest_comes_first),
		cmocka_unit_test(none_comes_twice_whatever_became_of_it),
		cmocka_unit_test(the_budget_ends_a_series),
		cmocka_unit_test(what_takes_longer_than_the_budget_is_verified),
		cmocka_unit_test(without_a_budget_all_are_verified),
		cmocka_unit_test(the_maximum_duration_ends_a_series_as_well),
		cmocka_unit_test(a_clock_that_was_put_back_ends_a_series)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

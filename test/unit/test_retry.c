/*
 * Whether and when a failed attempt is repeated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/retry.h"

static const RetryPolicy one_retry = {1, 5000, 600000};
static const RetryPolicy many_retries = {INT32_MAX, 5000, 600000};

/* The delay after an attempt, without its random part. */
static int64_t
shortest_delay(const RetryPolicy *policy, int attempt)
{
	int64_t		delay_ms;

	assert_true(retry_decide(policy, attempt, true, 0, &delay_ms));
	return delay_ms;
}

static void
a_transient_error_is_retried_once_by_default(void **state)
{
	int64_t		delay_ms;

	(void) state;
	assert_true(retry_decide(&one_retry, 1, true, 0, &delay_ms));
	assert_int_equal(delay_ms, 5000);
	assert_false(retry_decide(&one_retry, 2, true, 0, &delay_ms));
}

static void
an_error_that_time_does_not_mend_is_not_retried(void **state)
{
	int64_t		delay_ms;

	(void) state;
	assert_false(retry_decide(&one_retry, 1, false, 0, &delay_ms));
}

static void
no_retries_means_none(void **state)
{
	const RetryPolicy none = {0, 5000, 600000};
	int64_t		delay_ms;

	(void) state;
	assert_false(retry_decide(&none, 1, true, 0, &delay_ms));
}

static void
the_delay_doubles_up_to_the_longest(void **state)
{
	(void) state;
	assert_int_equal(shortest_delay(&many_retries, 1), 5000);
	assert_int_equal(shortest_delay(&many_retries, 2), 10000);
	assert_int_equal(shortest_delay(&many_retries, 3), 20000);
	assert_int_equal(shortest_delay(&many_retries, 7), 320000);
	assert_int_equal(shortest_delay(&many_retries, 8), 600000);
	assert_int_equal(shortest_delay(&many_retries, INT32_MAX), 600000);
}

static void
chance_adds_up_to_a_quarter(void **state)
{
	int64_t		delay_ms;

	(void) state;
	assert_true(retry_decide(&many_retries, 1, true, UINT32_MAX, &delay_ms));
	assert_int_equal(delay_ms, 6250);
	assert_true(retry_decide(&many_retries, 1, true, UINT32_MAX / 2, &delay_ms));
	assert_in_range(delay_ms, 5624, 5625);
	assert_true(retry_decide(&many_retries, 99, true, UINT32_MAX, &delay_ms));
	assert_int_equal(delay_ms, 750000);
}

static void
absurd_delays_stay_in_range(void **state)
{
	const RetryPolicy endless = {INT32_MAX, INT64_MAX, INT64_MAX};
	const RetryPolicy negative = {INT32_MAX, INT64_MIN, 600000};
	int64_t		delay_ms;

	(void) state;
	assert_true(retry_decide(&endless, INT32_MAX, true, UINT32_MAX, &delay_ms));
	assert_true(delay_ms > 0);
	assert_true(retry_decide(&negative, 3, true, UINT32_MAX, &delay_ms));
	assert_int_equal(delay_ms, 0);
}

static void
what_is_tried_for_ever_is_tried_at_least_once_an_hour(void **state)
{
	(void) state;
	assert_int_equal(retry_pause(5000, 1, 0), 5000);
	assert_int_equal(retry_pause(5000, 2, 0), 10000);
	assert_int_equal(retry_pause(5000, 10, 0), 2560000);
	assert_int_equal(retry_pause(5000, 11, 0), 3600000);
	assert_int_equal(retry_pause(5000, INT32_MAX, 0), 3600000);
	assert_int_equal(retry_pause(5000, INT32_MAX, UINT32_MAX), 4500000);
	assert_int_equal(retry_pause(INT64_C(86400) * 1000, 1, 0), 3600000);
}

static void
a_pause_grows_even_from_no_delay(void **state)
{
	(void) state;
	assert_int_equal(retry_pause(0, 1, 0), 100);
	assert_int_equal(retry_pause(0, 3, 0), 400);
	assert_int_equal(retry_pause(-1, 20, 0), 3600000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transient_error_is_retried_once_by_default),
		cmocka_unit_test(an_error_that_time_does_not_mend_is_not_retried),
		cmocka_unit_test(no_retries_means_none),
		cmocka_unit_test(the_delay_doubles_up_to_the_longest),
		cmocka_unit_test(chance_adds_up_to_a_quarter),
		cmocka_unit_test(absurd_delays_stay_in_range),
		cmocka_unit_test(what_is_tried_for_ever_is_tried_at_least_once_an_hour),
		cmocka_unit_test(a_pause_grows_even_from_no_delay)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

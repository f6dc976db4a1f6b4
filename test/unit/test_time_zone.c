/*
 * Time zones of this system.
 */
#include "helpers.h"

#include "time_zone.h"

/* Noon UTC on the first of January and of July 2026. */
#define WINTER INT64CONST(1767268800)
#define SUMMER INT64CONST(1782907200)

static void
ask_for(void *argument)
{
	(void) time_zone_clock(argument);
}

static void
utc_is_always_there(void **state)
{
	assert_null(time_zone_clock("UTC").utc_offset);
}

static void
a_zone_has_its_offset_at_every_moment(void **state)
{
	Clock		clock = time_zone_clock("Europe/Berlin");

	assert_int_equal(clock.utc_offset(clock.context, WINTER), 3600);
	assert_int_equal(clock.utc_offset(clock.context, SUMMER), 7200);
	clock = time_zone_clock("Asia/Kolkata");
	assert_int_equal(clock.utc_offset(clock.context, SUMMER), 19800);
}

static void
what_the_database_does_not_have_is_refused(void **state)
{
	static const char *const names[] = {
		"", "Mars/Phobos", "Europe", "../../../etc/passwd", "/etc/localtime",
		":UTC", "CET-1CEST", "zone.tab", "Europe/Berlin;"
	};

	for (int i = 0; i < lengthof(names); i++)
		expect_failure(FAILURE_USAGE, "is not known on this system", ask_for,
					   unconstify(char *, names[i]));
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(utc_is_always_there),
		cmocka_unit_test(a_zone_has_its_offset_at_every_moment),
		cmocka_unit_test(what_the_database_does_not_have_is_refused)
	};

	return cmocka_run_group_tests_name("time zones", cases, NULL, NULL);
}

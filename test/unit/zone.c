/*
 * Time zones for tests.
 */
#include "zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/civil_time.h"

static int32_t
system_offset(const void *context, int64_t moment)
{
	time_t		seconds = (time_t) moment;
	struct tm	fields;

	(void) context;
	assert_non_null(localtime_r(&seconds, &fields));
	return (int32_t) fields.tm_gmtoff;
}

Clock
zone_clock(const char *name)
{
	Clock		clock = {system_offset, NULL};
	char		path[256];

	/* The C library takes a zone that it does not find for UTC. */
	(void) snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	if (access(path, R_OK) != 0)
		fail_msg("time zone \"%s\" is not installed", name);
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
	return clock;
}

int64_t
utc(const char *text)
{
	CivilTime	shown;

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d:%d", &shown.year,
							&shown.month, &shown.day, &shown.hour, &shown.minute,
							&shown.second), 6);
	return civil_day_number(shown.year, shown.month, shown.day) *
		CIVIL_DAY_SECONDS + shown.hour * 3600 + shown.minute * 60 + shown.second;
}

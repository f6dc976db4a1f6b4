/*
 * Times as manifests and events have them.
 */
#include "postgres_fe.h"

#include <time.h>

#include "failure.h"
#include "repository/manifest.h"

/* The first millisecond of the year 10000, which has no text. */
#define TIME_END_MS INT64CONST(253402300800000)

void
time_format(int64 unix_ms, char result[TIME_TEXT_SIZE])
{
	time_t		seconds = unix_ms / 1000;
	struct tm	broken;
	size_t		len;

	if (unix_ms < 0 || unix_ms >= TIME_END_MS)
		fail(FAILURE_INTERNAL, NULL,
			 "time %lld ms is not between the years 1970 and 9999",
			 (long long) unix_ms);
	gmtime_r(&seconds, &broken);
	len = strftime(result, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &broken);
	snprintf(result + len, TIME_TEXT_SIZE - len, ".%03dZ", (int) (unix_ms % 1000));
}

bool
time_parse(const char *string, int64 *unix_ms)
{
	struct tm	broken = {0};
	int			milliseconds;
	int64		result;
	char		canonical[TIME_TEXT_SIZE];

	if (sscanf(string, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ",
			   &broken.tm_year, &broken.tm_mon, &broken.tm_mday,
			   &broken.tm_hour, &broken.tm_min, &broken.tm_sec,
			   &milliseconds) != 7)
		return false;
	broken.tm_year -= 1900;
	broken.tm_mon -= 1;
	result = (int64) timegm(&broken) * 1000 + milliseconds;
	if (result < 0 || result >= TIME_END_MS)
		return false;

	/* Whatever the conversions let pass, only the one right text is equal. */
	time_format(result, canonical);
	if (strcmp(canonical, string) != 0)
		return false;
	*unix_ms = result;
	return true;
}

int64
time_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

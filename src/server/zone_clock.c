/*
 * Time zones for pure functions, from the server's own database of them.
 */
#include "postgres.h"

#include "pgtime.h"

#include "zone_clock.h"

/*
 * The offset of a time zone at a moment.
 */
static int32_t
utc_offset(const void *context, int64_t unix_time)
{
	pg_time_t	moment = unix_time;
	struct pg_tm *shown = pg_localtime(&moment, context);

	return shown == NULL ? 0 : (int32_t) shown->tm_gmtoff;
}

bool
zone_clock(const char *name, Clock *clock)
{
	pg_tz	   *zone = pg_tzset(name);

	/* One with leap seconds would not fit the server's own timestamps. */
	if (zone == NULL || !pg_tz_acceptable(zone))
		return false;
	clock->utc_offset = utc_offset;
	clock->context = zone;
	return true;
}

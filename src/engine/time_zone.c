/*
 * Time zones of this system.
 */
#include "postgres_fe.h"

#include <time.h>

#include "failure.h"
#include "time_zone.h"

/* Where the C library looks, unless told otherwise. */
#define DATABASE "/usr/share/zoneinfo"

/* How the file of a zone begins. */
#define MAGIC "TZif"

/*
 * Can this be a name in the database, and nothing else: no path that leads
 * out of it, and none of the rules that TZ may hold instead of a name?
 */
static bool
is_name(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL &&
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			   "0123456789_+-/") == strlen(name);
}

/*
 * Does the database have this zone?  The C library takes a name that is not
 * there for UTC, and does not say so.
 */
static bool
zone_exists(const char *name)
{
	const char *database = getenv("TZDIR");
	char	   *path;
	FILE	   *file;
	char		magic[sizeof(MAGIC)] = "";

	if (!is_name(name))
		return false;
	path = psprintf("%s/%s", database == NULL ? DATABASE : database, name);
	file = fopen(path, "rb");
	pg_free(path);
	if (file == NULL)
		return false;
	if (fread(magic, 1, strlen(MAGIC), file) != strlen(MAGIC))
		magic[0] = '\0';
	fclose(file);
	return strcmp(magic, MAGIC) == 0;
}

/*
 * Seconds east of UTC at a moment, in the zone of this process.
 */
static int32_t
local_offset(const void *context, int64_t unix_time)
{
	time_t		moment = unix_time;
	struct tm	broken;

	return localtime_r(&moment, &broken) == NULL ? 0 : (int32_t) broken.tm_gmtoff;
}

Clock
time_zone_clock(const char *name)
{
	Clock		clock = {0};

	if (strcmp(name, "UTC") == 0)
		return clock;
	if (!zone_exists(name))
		fail(FAILURE_USAGE,
			 "Names are those of the system's time zone database, as \"Europe/Berlin\", or \"UTC\".",
			 "time zone \"%s\" is not known on this system", name);
	if (setenv("TZ", name, 1) != 0)
		fail_errno("could not set time zone \"%s\"", name);
	tzset();
	clock.utc_offset = local_offset;
	return clock;
}

/*
 * What defines a schedule, from texts to what decides about it.
 */
#include "postgres.h"

#include <time.h>

#include "access/xlog.h"
#include "common/hashfn.h"

#include "schedule_definition.h"
#include "zone_clock.h"

/*
 * What tells the jitter of a schedule from that of others, here and on other
 * servers.
 */
static uint64
seed_of(const char *name)
{
	return hash_bytes_extended((const unsigned char *) name, strlen(name),
							   GetSystemIdentifier());
}

char *
schedule_define(const char *name, const char *cron, const char *zone,
				int64 jitter, Schedule *schedule)
{
	const char *problem;
	int64_t		next;

	memset(schedule, 0, sizeof(*schedule));
	if (!cron_parse(cron, &schedule->cron, &problem))
		return pstrdup(problem);
	if (!zone_clock(zone, &schedule->clock))
		return psprintf("The server knows no time zone \"%s\".", zone);
	schedule->enabled = true;
	schedule->catch_up = true;
	schedule->jitter = jitter;
	schedule->seed = seed_of(name);
	if (!schedule_next(schedule, time(NULL), &next))
		return psprintf("No date matches the expression \"%s\".", cron);
	return NULL;
}

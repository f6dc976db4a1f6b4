/*
 * A time zone as pure functions see it: the offset from UTC at any moment.
 *
 * Who calls them decides where the offsets come from (the server's time
 * zones, the system's, a test's own), and what time it is.
 */
#ifndef ERPGO_COMMON_CLOCK_H
#define ERPGO_COMMON_CLOCK_H

#include <stdint.h>

/* An offset beyond this, either way, counts as this: 25 hours. */
#define CLOCK_MAX_OFFSET 90000

typedef struct Clock
{
	/*
	 * Seconds east of UTC in force at a moment (seconds since 1970, UTC). Two
	 * changes of the offset are expected to lie at least three days apart;
	 * where they do not, what is computed near them may be off by the size of
	 * the change, nothing worse.  NULL stands for UTC.
	 */
	int32_t		(*utc_offset) (const void *context, int64_t unix_time);

	/* Handed to the callback. */
	const void *context;
} Clock;

#endif

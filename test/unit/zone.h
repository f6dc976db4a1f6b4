/*
 * Time zones for tests: the system's, by name.
 */
#ifndef ERPGO_TEST_UNIT_ZONE_H
#define ERPGO_TEST_UNIT_ZONE_H

#include <stdint.h>

#include "common/clock.h"

/*
 * A clock in one of the system's time zones.  There is one at a time: it ends
 * when the next one is asked for.  Fails the test where the system lacks it.
 */
extern Clock zone_clock(const char *name);

/* The moment that a text like "2026-03-29 00:30:00" means in UTC. */
extern int64_t utc(const char *text);

#endif

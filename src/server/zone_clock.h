/*
 * Time zones for pure functions, from the server's own database of them.
 */
#ifndef ERPGO_SERVER_ZONE_CLOCK_H
#define ERPGO_SERVER_ZONE_CLOCK_H

#include "postgres.h"

#include "common/clock.h"

/*
 * Sets *clock to the time zone of a name, as the setting TimeZone takes it;
 * false if the server knows none.  The clock stays valid.
 */
extern bool zone_clock(const char *name, Clock *clock);

#endif

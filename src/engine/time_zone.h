/*
 * Time zones of this system.
 */
#ifndef ERPGO_ENGINE_TIME_ZONE_H
#define ERPGO_ENGINE_TIME_ZONE_H

#include "common/clock.h"

/*
 * The clock of a time zone that the system's database has, such as
 * "Europe/Berlin", or of "UTC", which is always there.  Another name is
 * FAILURE_USAGE.  A process has one time zone: the last one asked for.
 */
extern Clock time_zone_clock(const char *name);

#endif

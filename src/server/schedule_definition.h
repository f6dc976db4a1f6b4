/*
 * What defines a schedule, from texts to what decides about it.
 */
#ifndef ERPGO_SERVER_SCHEDULE_DEFINITION_H
#define ERPGO_SERVER_SCHEDULE_DEFINITION_H

#include "postgres.h"

#include "common/schedule.h"

/* The type of schedules that verify the newest backup. */
#define SCHEDULE_VERIFY "verify"

/*
 * Fills in a schedule that is enabled and catches up.  The result is NULL, or
 * a sentence, allocated, that says why it cannot run.
 */
extern char *schedule_define(const char *name, const char *cron,
							 const char *zone, int64 jitter,
							 Schedule *schedule);

#endif

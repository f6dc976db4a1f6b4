/*
 * Running what is due, as a part of the scheduler.
 */
#ifndef ERPGO_SERVER_SCHEDULE_RUN_H
#define ERPGO_SERVER_SCHEDULE_RUN_H

#include "postgres.h"

/*
 * Asks for the jobs of all schedules that are due, and plans their next runs.
 * The result is how long nothing is to be done then, in milliseconds.  An
 * error in one schedule does not stop the others, nor the caller.
 */
extern long schedules_run_due(void);

#endif

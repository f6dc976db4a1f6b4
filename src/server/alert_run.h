/*
 * Alerts, as a part of the scheduler.
 */
#ifndef ERPGO_SERVER_ALERT_RUN_H
#define ERPGO_SERVER_ALERT_RUN_H

#include "postgres.h"

/* Something has changed that alerts may tell of. */
extern void alerts_want(void);

/*
 * Finds out which alerts fire and which are over, if that may have changed;
 * tells the log and who listens, and asks for what is to be delivered, and
 * for a look at the repository if there was none for long.  Returns after how
 * many milliseconds there is more to do; 0 if only a change will tell.
 */
extern long alerts_run(void);

#endif

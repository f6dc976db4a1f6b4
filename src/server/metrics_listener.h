/*
 * The metrics listener: a background worker whose engine serves metrics over
 * HTTP.
 *
 * The worker tells the engine how the server is doing, whenever that changes
 * and once a minute.  Who reads metrics talks to the engine alone.
 */
#ifndef ERPGO_SERVER_METRICS_LISTENER_H
#define ERPGO_SERVER_METRICS_LISTENER_H

#include "postgres.h"

/* Something that metrics tell of has changed. */
extern void metrics_listener_want(void);

/*
 * Starts the worker if there is to be one and it is missing; for the
 * scheduler.  Returns after how many milliseconds to call it again; 0 if
 * only a latch will tell.
 */
extern long metrics_listener_tend(void);

extern PGDLLEXPORT void erpgo_backup_listener_main(Datum unused);

#endif

/*
 * Series of verifications: what a schedule asks for is one backup after the
 * other, each a job of its own.
 */
#ifndef ERPGO_SERVER_VERIFICATION_H
#define ERPGO_SERVER_VERIFICATION_H

#include "engine_run.h"
#include "job_slot.h"

/*
 * Fills in the next backup of the series that began at
 * request->series_started_at, or copy, and how deep to look, within SPI; false
 * if the series is over.
 */
extern bool verification_next(JobRequest *request);

/*
 * After a verification that ended so, asks for the next one of its series if
 * there is one.  What would keep the others from being verified as well ends a
 * series; a damaged or deleted backup does not.
 */
extern void verification_continue(const JobRequest *request, const EngineRun *run);

/* How many seconds a verification may take; 0 is without limit. */
extern int	verification_time_limit(const JobRequest *request);

#endif

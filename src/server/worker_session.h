/*
 * Background workers of ours, and their database sessions.
 */
#ifndef ERPGO_SERVER_WORKER_SESSION_H
#define ERPGO_SERVER_WORKER_SESSION_H

#include "postgres.h"

#include "postmaster/bgworker.h"

/*
 * Describes a worker that runs a function of this library, connects to a
 * database, starts when recovery is over, and is never started again.
 */
extern void worker_describe(BackgroundWorker *worker, const char *name,
							const char *function);

/*
 * Connects to the database of the setting and makes the session independent
 * of what ALTER DATABASE and ALTER ROLE say.
 */
extern void worker_session_start(const char *application_name_wanted);

#endif

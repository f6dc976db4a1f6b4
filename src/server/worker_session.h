/*
 * The database session of a background worker of ours.
 */
#ifndef ERPGO_SERVER_WORKER_SESSION_H
#define ERPGO_SERVER_WORKER_SESSION_H

#include "postgres.h"

/*
 * Connects to the database of the setting and makes the session independent
 * of what ALTER DATABASE and ALTER ROLE say.
 */
extern void worker_session_start(const char *application_name_wanted);

#endif

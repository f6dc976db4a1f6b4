/*
 * Why a server did not let us in, and what to do about it.
 */
#ifndef ERPGO_ENGINE_DATABASE_REFUSAL_H
#define ERPGO_ENGINE_DATABASE_REFUSAL_H

#include "failure.h"

/* An SQLSTATE with its terminating zero. */
#define SQLSTATE_SIZE 6

/* What an SQLSTATE (may be NULL) means; otherwise, if nothing special. */
extern FailureKind sqlstate_failure_kind(const char *sqlstate,
										 FailureKind otherwise);

/*
 * The SQLSTATE in a message of libpq of the verbose kind.  The words around it
 * come in the server's language, so nothing else can be relied on.
 */
extern bool verbose_message_sqlstate(const char *message,
									 char sqlstate[SQLSTATE_SIZE]);

/*
 * The hint for a server that refuses this role from this host to a process of
 * this user of the system; allocated.
 */
extern char *hba_hint(const char *role, const char *host,
					  const char *system_user);

#endif

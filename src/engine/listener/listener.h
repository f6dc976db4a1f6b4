/*
 * The metrics listener: serves over HTTP what the server said of itself last.
 *
 * One process, no thread: it waits for clients and for the server at the same
 * time.  Nothing that a client does reaches the server.
 */
#ifndef ERPGO_ENGINE_LISTENER_LISTENER_H
#define ERPGO_ENGINE_LISTENER_LISTENER_H

#include "postgres_fe.h"

typedef struct ListenerOptions
{
	const char *address;		/* as listen_address_parse takes it */
	const char *certificate;	/* path, or NULL for no TLS */
	const char *key;			/* path, or NULL */
	const char *token;			/* or NULL */
	int64		maximum_age_ms; /* of what the server said */
} ListenerOptions;

/*
 * Serves until the server is gone.  Fails (FAILURE_STATE) before anything is
 * served where that would be open to others than the options say.
 */
extern void listener_run(const ListenerOptions *options);

#endif

/*
 * HTTP, by libmicrohttpd, in one thread.
 *
 * A connection is for one request and lives for a few seconds, whatever its
 * client does; there are only so many of them.
 */
#ifndef ERPGO_ENGINE_LISTENER_WEB_SERVER_H
#define ERPGO_ENGINE_LISTENER_WEB_SERVER_H

#include "listener/answer.h"
#include "listener/identity.h"

typedef struct WebServer WebServer;

/* Decides on a request. */
typedef Answer (*RequestHandler) (const Request *request, void *context);

/*
 * Serves on a listening socket; by TLS with an identity, which may be NULL and
 * must stay.
 */
extern WebServer *web_server_start(int socket, const Identity *identity,
								   RequestHandler handler, void *context);

/* A descriptor that can be read when there is something to do. */
extern int	web_server_descriptor(WebServer *server);

/* When there is something to do anyway: in milliseconds, -1 for never. */
extern int	web_server_timeout(WebServer *server);

/* Does what there is to do; never waits. */
extern void web_server_work(WebServer *server);

#endif

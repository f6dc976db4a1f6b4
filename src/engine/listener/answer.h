/*
 * What the metrics listener answers, decided without any input or output.
 */
#ifndef ERPGO_ENGINE_LISTENER_ANSWER_H
#define ERPGO_ENGINE_LISTENER_ANSWER_H

#include "postgres_fe.h"

#include <openssl/x509.h>

/* Who may ask, and for whom he may take us. */
typedef struct AccessPolicy
{
	const char *token;			/* that metrics need; NULL if they need none */
	const char *host;			/* that we were told to listen on */
	X509	   *certificate;	/* whose names are ours, or NULL */
} AccessPolicy;

/* What the server said of itself last. */
typedef struct Snapshot
{
	const char *metrics;		/* in the text format, NULL if there are none */
	const char *openmetrics;	/* the same in the other format */
	bool		healthy;
	const char *reasons;		/* why not: lines */
} Snapshot;

/* A request; what a client did not send, or sent twice, is NULL. */
typedef struct Request
{
	const char *method;
	const char *path;
	const char *host;
	const char *authorization;
	const char *accept;
} Request;

/* Everything but the status lives as long as what it was decided from. */
typedef struct Answer
{
	int			status;			/* of HTTP */
	const char *body;
	const char *content_type;
} Answer;

/*
 * Decides on a request.  The snapshot is NULL if there is none, or if it is
 * too old to be true.
 *
 * The host must be one that nobody else can have made ours: a page from
 * elsewhere, whose name leads here, could else read metrics in a browser on
 * this machine.
 */
extern Answer request_answer(const AccessPolicy *policy,
							 const Request *request, const Snapshot *snapshot);

/* Does the value of "Authorization" show that the client has the token? */
extern bool authorization_is_good(const char *authorization,
								  const char *token);

#endif

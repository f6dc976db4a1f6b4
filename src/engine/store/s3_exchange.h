/*
 * One request to object storage on its way, beside others.
 *
 * All of a process share the connections that they leave, from one store to
 * the next.  Those of a parent are left alone.
 */
#ifndef ERPGO_ENGINE_STORE_S3_EXCHANGE_H
#define ERPGO_ENGINE_STORE_S3_EXCHANGE_H

#include "store/s3_call.h"

typedef struct S3Exchange
{
	S3Client   *client;
	const S3Call *call;
	S3Answer   *answer;
	CURL	   *handle;
	struct curl_slist *headers;
	char	   *url;
	StringInfoData window;		/* for the reader */
	StringInfoData taken;		/* what the reader is reading */
	bool		reading;
	bool		paused;
	bool		too_long;
	bool		done;
	struct S3Exchange *next;	/* of those on their way */
} S3Exchange;

/*
 * Sends a request.  Call and answer have to stay where they are until its
 * end.
 */
extern S3Exchange *s3_exchange_begin(S3Client *client, const S3Call *call,
									 S3Answer *answer);

/*
 * Moves all requests of this process on, hands what has come to readers, and
 * waits at most so long for something to happen.
 */
extern void s3_exchanges_move(int wait_ms);

/* Was it answered, or given up, and everything read? */
extern bool s3_exchange_is_done(const S3Exchange *exchange);

/* Frees a request; if it is on its way, its connection ends. */
extern void s3_exchange_end(S3Exchange *exchange);

/* Fails unless libcurl did as it was told; only memory can be the reason. */
extern void s3_require_done(CURLcode result);

/* Adds a header to those that are sent. */
extern void s3_request_add_header(S3Exchange *exchange, const char *name,
								  const char *value);

/* Tells libcurl of all headers that were added. */
extern void s3_request_finish_headers(S3Exchange *exchange);

/* Signs a request, and tells libcurl where it goes, with all headers. */
extern void s3_request_prepare(S3Exchange *exchange);

#endif

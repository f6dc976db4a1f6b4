/*
 * What became of an attempt to send something.
 */
#ifndef ERPGO_ENGINE_NOTIFY_VERDICT_H
#define ERPGO_ENGINE_NOTIFY_VERDICT_H

#include "postgres_fe.h"

#include <curl/curl.h>

typedef struct Verdict
{
	bool		sent;
	bool		transient;		/* another try may well succeed */
	const char *message;		/* what happened */
	const char *hint;			/* sentences, or NULL */
} Verdict;

/*
 * What libcurl's result and the status of the answer (0 if there was none)
 * mean.  receiver is what the message calls the other side: never its URL,
 * for that is a secret, and nothing that it answered.
 */
extern Verdict verdict_of_http(const char *receiver, CURLcode result,
							   long status);
extern Verdict verdict_of_smtp(const char *receiver, CURLcode result,
							   long reply);

/* What cannot be sent, or not to all, as things are; message says why. */
extern Verdict verdict_refused(const char *hint, const char *message,...)
			pg_attribute_printf(2, 3);
extern Verdict verdict_too_late(const char *receiver);

#endif

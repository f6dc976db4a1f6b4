/*
 * The ways that alerts can be sent.
 */
#ifndef ERPGO_ENGINE_NOTIFY_CHANNEL_H
#define ERPGO_ENGINE_NOTIFY_CHANNEL_H

#include "notify/alert.h"
#include "notify/transfer.h"

typedef struct Channel
{
	const char *name;
	const char *secret;			/* configured if this one is there */

	/*
	 * Makes the transfer of an alert, which may be one that is refused.
	 */
	Transfer   *(*prepare) (const Alert *alert, int timeout_ms);
} Channel;

extern const Channel slack_channel;
extern const Channel webhook_channel;
extern const Channel email_channel;

/* Not for alerts: only says that all is well. */
extern const Channel heartbeat_channel;

/* What Slack's incoming webhook is sent; allocated. */
extern json_t *slack_message(const Alert *alert);

/*
 * The header that proves who sent a body and when: the time in seconds, and
 * HMAC-SHA-256 over the time, a period and the body.  Allocated.
 */
extern char *webhook_signature(const char *secret, int64 unix_seconds,
							   const char *body);

/*
 * A mail as RFC 5322 has it; allocated.  from and to were checked by
 * mail_address_is_valid, to is a list with commas.
 */
extern char *mail_text(const Alert *alert, const char *from, const char *to,
					   int64 unix_seconds);

/* Is it a plain address like "dba@example.com", safe in every header? */
extern bool mail_address_is_valid(const char *address);

#endif

/*
 * One message on its way to a receiver, with libcurl.
 *
 * Whatever the receiver does, a transfer ends in bounded time and memory: no
 * redirect is followed, no proxy of the environment used, no other protocol
 * spoken, and certificates are verified always.
 */
#ifndef ERPGO_ENGINE_NOTIFY_TRANSFER_H
#define ERPGO_ENGINE_NOTIFY_TRANSFER_H

#include "postgres_fe.h"

#include <curl/curl.h>

#include "notify/verdict.h"

typedef struct Transfer
{
	const char *receiver;		/* what messages call the other side */
	bool		is_mail;
	bool		is_refused;		/* not to be performed: see refusal */
	Verdict		refusal;

	/* For libcurl, as long as it works. */
	CURL	   *handle;
	CURLU	   *url;
	struct curl_slist *headers;
	struct curl_slist *recipients;
	char	   *body;
	size_t		body_len;
	size_t		body_sent;
	size_t		answer_len;		/* of what was read and dropped */

	/* Of a mail. */
	int			recipient_count;
	int		   *replies;		/* the newest ones, one for each recipient */
	int			reply_count;
	int			refused_count;	/* recipients that the server does not take */
} Transfer;

/* Which URLs a secret may hold. */
typedef enum UrlRule
{
	URL_HTTPS,					/* only with TLS */
	URL_LOOPBACK_HTTP			/* without TLS to this machine only */
} UrlRule;

/*
 * Makes a transfer.  It may take timeout_ms at most, which does not count the
 * time before it is performed.
 */
extern Transfer *transfer_create(const char *receiver, int timeout_ms);

/* Gives everything back that a transfer uses. */
extern void transfer_free(Transfer *transfer);

/*
 * Takes the URL from a secret.  If it breaks the rule the transfer is
 * refused, and the result false.
 */
extern bool transfer_set_url(Transfer *transfer, const char *secret,
							 UrlRule rule);

/* Makes it a POST of some text, which the transfer takes. */
extern void transfer_post(Transfer *transfer, char *body,
						  const char *content_type);

/* Adds a header to a request of HTTP. */
extern void transfer_add_header(Transfer *transfer, const char *header);

/* Makes it a mail to its recipients; the transfer takes the text. */
extern void transfer_mail(Transfer *transfer, char *mail);

/* Notes that the transfer is not to be performed. */
extern void transfer_refuse(Transfer *transfer, Verdict verdict);

/* What became of a transfer that libcurl has finished. */
extern Verdict transfer_verdict(Transfer *transfer, CURLcode result);

#endif

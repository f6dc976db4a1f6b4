/*
 * One message on its way to a receiver, with libcurl.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "common/host_port.h"
#include "common/version.h"
#include "failure.h"
#include "notify/transfer.h"
#include "repository/secrets.h"

#define CONNECT_TIMEOUT_MS 10000
/* More of an answer is not read. */
#define ANSWER_LIMIT 4096
/* RFC 5321: "start mail input", and the first of those that refuse. */
#define SMTP_START_INPUT 354
#define SMTP_REFUSED 400

/*
 * Fails unless libcurl did as it was told; only memory can be the reason.
 */
static void
require_done(CURLcode result)
{
	if (result != CURLE_OK)
		fail(FAILURE_INTERNAL, NULL, "could not prepare a transfer: %s",
			 curl_easy_strerror(result));
}

#define set_option(transfer, option, value) \
	require_done(curl_easy_setopt((transfer)->handle, option, value))

/*
 * Drops what a receiver answers: its status says enough, and nothing of the
 * rest is to be shown.  An answer that is too long ends the transfer.
 */
static size_t
drop_answer(char *data, size_t size, size_t count, void *context)
{
	Transfer   *transfer = context;

	transfer->answer_len += size * count;
	return transfer->answer_len > ANSWER_LIMIT ? 0 : size * count;
}

/*
 * Gives libcurl the next piece of the body.
 */
static size_t
read_body(char *buffer, size_t size, size_t count, void *context)
{
	Transfer   *transfer = context;
	size_t		len = Min(size * count, transfer->body_len - transfer->body_sent);

	memcpy(buffer, transfer->body + transfer->body_sent, len);
	transfer->body_sent += len;
	return len;
}

/*
 * Notes what a mail server replies.  libcurl ends well if it took any of the
 * recipients, and does not tell of the others; but their replies are those
 * right before the one that asks for the mail.
 */
static size_t
note_reply(char *data, size_t size, size_t count, void *context)
{
	Transfer   *transfer = context;
	int			code = 0;

	for (size_t i = 0; i < 3 && i < size * count; i++)
		code = code * 10 + (data[i] - '0');
	/* All lines of a reply but the last have another character here. */
	if (size * count < 4 || data[3] != ' ')
		return size * count;
	if (code != SMTP_START_INPUT)
	{
		transfer->replies[transfer->reply_count++ % transfer->recipient_count] = code;
		return size * count;
	}
	transfer->refused_count = 0;
	for (int i = 0; i < transfer->recipient_count; i++)
		transfer->refused_count += transfer->replies[i] >= SMTP_REFUSED;
	return size * count;
}

/*
 * Sets what holds for every transfer.
 */
static void
set_common_options(Transfer *transfer, int timeout_ms)
{
	const char *ca_file = secret_get(SECRET_CA_FILE);

	set_option(transfer, CURLOPT_NOSIGNAL, 1L);
	set_option(transfer, CURLOPT_QUICK_EXIT, 1L);
	set_option(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long) Min(CONNECT_TIMEOUT_MS, timeout_ms));
	set_option(transfer, CURLOPT_TIMEOUT_MS, (long) timeout_ms);
	set_option(transfer, CURLOPT_PROXY, "");
	set_option(transfer, CURLOPT_FOLLOWLOCATION, 0L);
	set_option(transfer, CURLOPT_PROTOCOLS_STR, "https");
	set_option(transfer, CURLOPT_SSL_VERIFYPEER, 1L);
	set_option(transfer, CURLOPT_SSL_VERIFYHOST, 2L);
	set_option(transfer, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	if (ca_file != NULL)
		set_option(transfer, CURLOPT_CAINFO, ca_file);
	set_option(transfer, CURLOPT_USERAGENT, "erpgo_backup/" ERPGO_BACKUP_VERSION);
	set_option(transfer, CURLOPT_WRITEFUNCTION, drop_answer);
	set_option(transfer, CURLOPT_WRITEDATA, transfer);
	set_option(transfer, CURLOPT_PRIVATE, transfer);
}

Transfer *
transfer_create(const char *receiver, int timeout_ms)
{
	Transfer   *transfer = pg_malloc0(sizeof(Transfer));

	transfer->receiver = receiver;
	transfer->handle = curl_easy_init();
	transfer->url = curl_url();
	if (transfer->handle == NULL || transfer->url == NULL)
		require_done(CURLE_OUT_OF_MEMORY);
	set_common_options(transfer, timeout_ms);
	return transfer;
}

void
transfer_free(Transfer *transfer)
{
	curl_easy_cleanup(transfer->handle);
	curl_url_cleanup(transfer->url);
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->recipients);
	if (transfer->body != NULL)
		OPENSSL_cleanse(transfer->body, transfer->body_len);
	pg_free(transfer->body);
	pg_free(transfer->replies);
	pg_free(transfer);
}

void
transfer_refuse(Transfer *transfer, Verdict verdict)
{
	transfer->is_refused = true;
	transfer->refusal = verdict;
}

/*
 * Does a URL that was parsed keep to the rule?
 */
static bool
url_is_allowed(CURLU *url, UrlRule rule)
{
	char	   *scheme = NULL;
	char	   *host = NULL;
	bool		allowed;

	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		allowed = false;
	else
		allowed = strcmp(scheme, "https") == 0 ||
			(rule == URL_LOOPBACK_HTTP && strcmp(scheme, "http") == 0 &&
			 host_is_loopback(host));
	curl_free(scheme);
	curl_free(host);
	return allowed;
}

bool
transfer_set_url(Transfer *transfer, const char *secret, UrlRule rule)
{
	const char *value = secret_get(secret);

	if (value == NULL ||
		curl_url_set(transfer->url, CURLUPART_URL, value, 0) != CURLUE_OK ||
		!url_is_allowed(transfer->url, rule))
	{
		transfer_refuse(transfer,
						verdict_refused(rule == URL_HTTPS ?
										"It must begin with \"https://\"." :
										"It must begin with \"https://\", or, for a receiver on this very machine, with \"http://\".",
										"cannot send to the URL in %s", secret));
		return false;
	}
	set_option(transfer, CURLOPT_CURLU, transfer->url);
	if (rule == URL_LOOPBACK_HTTP)
		set_option(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
	return true;
}

void
transfer_add_header(Transfer *transfer, const char *header)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, header);

	if (longer == NULL)
		require_done(CURLE_OUT_OF_MEMORY);
	transfer->headers = longer;
	set_option(transfer, CURLOPT_HTTPHEADER, transfer->headers);
}

void
transfer_post(Transfer *transfer, char *body, const char *content_type)
{
	transfer->body = body;
	transfer->body_len = strlen(body);
	set_option(transfer, CURLOPT_POST, 1L);
	set_option(transfer, CURLOPT_POSTFIELDS, transfer->body);
	set_option(transfer, CURLOPT_POSTFIELDSIZE, (long) transfer->body_len);
	transfer_add_header(transfer, psprintf("Content-Type: %s", content_type));
	/* Some receivers never answer the question whether they want the body. */
	transfer_add_header(transfer, "Expect:");
}

void
transfer_mail(Transfer *transfer, char *mail)
{
	transfer->is_mail = true;
	transfer->body = mail;
	transfer->body_len = strlen(mail);
	for (struct curl_slist *entry = transfer->recipients; entry != NULL; entry = entry->next)
		transfer->recipient_count++;
	transfer->replies = pg_malloc0(transfer->recipient_count * sizeof(int));
	set_option(transfer, CURLOPT_MAIL_RCPT, transfer->recipients);
	/* One that is gone should not keep the mail from the others. */
	set_option(transfer, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	set_option(transfer, CURLOPT_HEADERFUNCTION, note_reply);
	set_option(transfer, CURLOPT_HEADERDATA, transfer);
	set_option(transfer, CURLOPT_UPLOAD, 1L);
	set_option(transfer, CURLOPT_READFUNCTION, read_body);
	set_option(transfer, CURLOPT_READDATA, transfer);
}

Verdict
transfer_verdict(Transfer *transfer, CURLcode result)
{
	long		status = 0;

	(void) curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
	if (result == CURLE_OK && transfer->refused_count > 0)
		return verdict_refused("Check NOTIFICATION_EMAIL in the secrets file.",
							   "%s took the mail, but refused %d of %d recipients",
							   transfer->receiver, transfer->refused_count,
							   transfer->recipient_count);
	if (transfer->is_mail)
		return verdict_of_smtp(transfer->receiver, result, status);
	if (result == CURLE_WRITE_ERROR && transfer->answer_len > ANSWER_LIMIT)
		result = CURLE_OK;
	return verdict_of_http(transfer->receiver, result, status);
}

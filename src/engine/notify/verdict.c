/*
 * What became of an attempt to send something.
 */
#include "postgres_fe.h"

#include "notify/verdict.h"

#define TRUST_HINT "If a certification authority of your own signed it, name the file with its certificate as BACKUP_CA_FILE in the secrets file."

/* What a result of libcurl means. */
typedef struct Explanation
{
	CURLcode	result;
	bool		transient;
	const char *reason;
	const char *hint;
} Explanation;

static const Explanation explanations[] = {
	{CURLE_COULDNT_RESOLVE_HOST, true, "the name of its host could not be resolved",
	"Check the name, and the name servers of this machine."},
	{CURLE_COULDNT_CONNECT, true, "could not connect",
	"Check that it is running and that no firewall is in between."},
	{CURLE_OPERATION_TIMEDOUT, true, "it did not answer in time",
	"The limit is the setting erpgo_backup.notify_timeout."},
	{CURLE_GOT_NOTHING, true, "the connection was closed without an answer", NULL},
	{CURLE_PARTIAL_FILE, true, "the connection was closed within the answer", NULL},
	{CURLE_SEND_ERROR, true, "the connection broke", NULL},
	{CURLE_RECV_ERROR, true, "the connection broke", NULL},
	{CURLE_SSL_CONNECT_ERROR, true, "TLS could not be established",
	"Check that the port is one that expects TLS."},
	{CURLE_URL_MALFORMAT, false, "its name or URL is malformed", NULL},
	{CURLE_OUT_OF_MEMORY, true, "memory is exhausted", NULL},
	{CURLE_PEER_FAILED_VERIFICATION, false, "its certificate could not be verified, so nothing was sent",
	TRUST_HINT},
	{CURLE_SSL_CACERT_BADFILE, false, "the file of trusted certificates could not be read",
	"Check BACKUP_CA_FILE in the secrets file, and that the package ca-certificates is installed."},
	{CURLE_USE_SSL_FAILED, false, "it does not offer STARTTLS, so nothing was sent",
	"Set SMTP_SECURITY in the secrets file to \"tls\" if the server expects TLS from the start, usually on port 465."},
	{CURLE_LOGIN_DENIED, false, "it refused the user name or the password",
	"Check SMTP_USER and SMTP_PASSWORD in the secrets file."},
};

Verdict
verdict_refused(const char *hint, const char *message,...)
{
	char		reason[1024];
	va_list		arguments;
	Verdict		verdict = {.hint = hint};

	va_start(arguments, message);
	vsnprintf(reason, sizeof(reason), message, arguments);
	va_end(arguments);
	verdict.message = pg_strdup(reason);
	return verdict;
}

Verdict
verdict_too_late(const char *receiver)
{
	Verdict		verdict = {
		.transient = true,
		.message = psprintf("could not send to %s: it took too long with what was sent before",
							receiver)
	};

	return verdict;
}

/*
 * The verdict on what was sent.
 */
static Verdict
verdict_sent(const char *receiver)
{
	Verdict		verdict = {
		.sent = true,
		.message = psprintf("sent to %s", receiver)
	};

	return verdict;
}

/*
 * The verdict that a result of libcurl alone gives.  What it says of an error
 * in general holds no secret, unlike its text on the particular case.
 */
static Verdict
explain(const char *receiver, CURLcode result)
{
	Explanation explanation = {result, true, curl_easy_strerror(result)};
	Verdict		verdict = {0};

	for (int i = 0; i < lengthof(explanations); i++)
	{
		if (explanations[i].result == result)
			explanation = explanations[i];
	}
	verdict.transient = explanation.transient;
	verdict.hint = explanation.hint;
	verdict.message = psprintf("could not send to %s: %s", receiver,
							   explanation.reason);
	return verdict;
}

/*
 * What to do about a status of HTTP; NULL if nothing can be said.
 */
static const char *
status_hint(long status)
{
	if (status >= 300 && status < 400)
		return "Redirects are not followed: put the URL that it redirects to into the secrets file.";
	if (status == 401 || status == 403 || status == 404 || status == 410)
		return "Check the URL in the secrets file: it may be wrong, or have been revoked.";
	if (status == 429)
		return "It gets more messages than it accepts.";
	return NULL;
}

Verdict
verdict_of_http(const char *receiver, CURLcode result, long status)
{
	Verdict		verdict = {0};

	if (result != CURLE_OK)
		return explain(receiver, result);
	if (status >= 200 && status < 300)
		return verdict_sent(receiver);
	verdict.transient = status == 408 || status == 429 || status >= 500;
	verdict.message = psprintf("could not send to %s: it answered with status %ld",
							   receiver, status);
	verdict.hint = status_hint(status);
	return verdict;
}

Verdict
verdict_of_smtp(const char *receiver, CURLcode result, long reply)
{
	Verdict		verdict;

	if (result == CURLE_OK)
		return verdict_sent(receiver);
	verdict = explain(receiver, result);
	if (reply < 400 || result == CURLE_OPERATION_TIMEDOUT)
		return verdict;

	/* RFC 5321: 4yz passes, 5yz does not. */
	verdict.transient = reply < 500;
	if (result == CURLE_LOGIN_DENIED || result == CURLE_USE_SSL_FAILED)
		return verdict;
	verdict.message = psprintf("could not send to %s: it refused the message, or its sender or a recipient, with code %ld",
							   receiver, reply);
	verdict.hint = "Check SMTP_FROM and NOTIFICATION_EMAIL in the secrets file.";
	return verdict;
}

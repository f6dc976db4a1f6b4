/*
 * Alerts by mail, through an SMTP server.
 *
 * Nothing is sent in the clear unless the administrator says so, and a
 * password not even then, but to this machine itself.
 */
#include "postgres_fe.h"

#include <time.h>

#include "common/host_port.h"
#include "lib/stringinfo.h"
#include "notify/channel.h"
#include "repository/secrets.h"

/* How the connection is protected. */
typedef struct Security
{
	const char *name;
	const char *scheme;
	int			port;
	long		use_tls;
} Security;

static const Security securities[] = {
	{"starttls", "smtp", 587, CURLUSESSL_ALL},
	{"tls", "smtps", 465, CURLUSESSL_ALL},
	{"none", "smtp", 25, CURLUSESSL_NONE},
};

/* What the secrets say, checked. */
typedef struct MailServer
{
	const Security *security;
	const char *host;
	int			port;
	const char *from;
	char	   *to;				/* with commas */
} MailServer;

/*
 * The protection that the secrets ask for; NULL if there is none of that name.
 */
static const Security *
find_security(void)
{
	const char *name = secret_get(SECRET_SMTP_SECURITY);

	if (name == NULL)
		return &securities[0];
	for (int i = 0; i < lengthof(securities); i++)
	{
		if (pg_strcasecmp(name, securities[i].name) == 0)
			return &securities[i];
	}
	return NULL;
}

/*
 * Is it a host's name or address, and nothing more?
 */
static bool
host_is_valid(const char *host)
{
	return strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") ==
		strlen(host);
}

/*
 * The port that the secrets name, or the usual one; 0 if it is none.
 */
static int
find_port(const Security *security)
{
	const char *value = secret_get(SECRET_SMTP_PORT);
	char	   *end;
	long		port;

	if (value == NULL)
		return security->port;
	port = strtol(value, &end, 10);
	return *end == '\0' && port > 0 && port <= 65535 ? (int) port : 0;
}

/*
 * Adds the recipients, which are separated by commas or blanks, to the
 * transfer, and lists them; NULL if one of them is no address.
 */
static char *
add_recipients(Transfer *transfer, const char *value)
{
	StringInfoData list;
	char	   *rest = pg_strdup(value);
	char	   *address;

	initStringInfo(&list);
	while ((address = strsep(&rest, ", ;\t")) != NULL)
	{
		if (*address == '\0')
			continue;
		if (!mail_address_is_valid(address))
			return NULL;
		transfer->recipients = curl_slist_append(transfer->recipients,
												 psprintf("<%s>", address));
		appendStringInfo(&list, "%s%s", list.len > 0 ? "," : "", address);
	}
	return list.len > 0 ? list.data : NULL;
}

/*
 * Takes where and from whom mails go out of the secrets.
 */
static MailServer
read_server(Transfer *transfer)
{
	const char *user = secret_get(SECRET_SMTP_USER);
	MailServer	server = {
		.security = find_security(),
		.host = secret_get(SECRET_SMTP_HOST),
		.from = secret_get(SECRET_SMTP_FROM),
		.to = add_recipients(transfer, secret_get(SECRET_NOTIFICATION_EMAIL))
	};

	if (server.security != NULL)
		server.port = find_port(server.security);
	if (server.from == NULL && user != NULL && mail_address_is_valid(user))
		server.from = user;
	return server;
}

/*
 * What keeps mails from being sent with these secrets; NULL if nothing does.
 */
static const char *
find_problem(const MailServer *server)
{
	if (server->host == NULL || !host_is_valid(server->host))
		return "SMTP_HOST in the secrets file must be the name of a mail server.";
	if (server->security == NULL)
		return "SMTP_SECURITY in the secrets file must be \"starttls\", \"tls\" or \"none\".";
	if (server->port == 0)
		return "SMTP_PORT in the secrets file must be a number between 1 and 65535.";
	if (server->from == NULL || !mail_address_is_valid(server->from))
		return "SMTP_FROM in the secrets file must be an address as \"backup@example.com\".";
	if (server->to == NULL)
		return "NOTIFICATION_EMAIL in the secrets file must be an address as \"dba@example.com\", or several with commas.";
	if (server->security->use_tls == CURLUSESSL_NONE &&
		secret_get(SECRET_SMTP_PASSWORD) != NULL && !host_is_loopback(server->host))
		return "SMTP_SECURITY \"none\" would send SMTP_PASSWORD in the clear.";
	return NULL;
}

/*
 * Tells libcurl the server, the sender and who we are there.
 */
static CURLcode
set_server(Transfer *transfer, const MailServer *server)
{
	CURL	   *handle = transfer->handle;
	char	   *url = psprintf("%s://%s:%d", server->security->scheme,
							   server->host, server->port);
	CURLcode	result = CURLE_OK;

	if (curl_url_set(transfer->url, CURLUPART_URL, url, 0) != CURLUE_OK)
		return CURLE_URL_MALFORMAT;
	curl_easy_setopt(handle, CURLOPT_CURLU, transfer->url);
	result = curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, server->security->scheme);
	if (result == CURLE_OK)
		result = curl_easy_setopt(handle, CURLOPT_USE_SSL, server->security->use_tls);
	if (result == CURLE_OK && secret_get(SECRET_SMTP_USER) != NULL)
		result = curl_easy_setopt(handle, CURLOPT_USERNAME, secret_get(SECRET_SMTP_USER));
	if (result == CURLE_OK && secret_get(SECRET_SMTP_PASSWORD) != NULL)
		result = curl_easy_setopt(handle, CURLOPT_PASSWORD, secret_get(SECRET_SMTP_PASSWORD));
	if (result == CURLE_OK)
		result = curl_easy_setopt(handle, CURLOPT_MAIL_FROM, psprintf("<%s>", server->from));
	return result;
}

/*
 * Prepares to send an alert by mail.
 */
static Transfer *
prepare(const Alert *alert, int timeout_ms)
{
	Transfer   *transfer = transfer_create("SMTP server", timeout_ms);
	MailServer	server = read_server(transfer);
	const char *problem = find_problem(&server);
	CURLcode	result;

	if (problem != NULL)
	{
		transfer_refuse(transfer, verdict_refused(problem, "cannot send mails with the secrets as they are"));
		return transfer;
	}
	transfer->receiver = psprintf("SMTP server \"%s\"", server.host);
	result = set_server(transfer, &server);
	if (result != CURLE_OK)
		transfer_refuse(transfer, verdict_of_smtp(transfer->receiver, result, 0));
	else
		transfer_mail(transfer, mail_text(alert, server.from, server.to, (int64) time(NULL)));
	return transfer;
}

const Channel email_channel = {
	.name = "email",
	.secret = SECRET_NOTIFICATION_EMAIL,
	.prepare = prepare,
};

/*
 * Alerts as JSON to any webhook, and the heartbeat.
 */
#include "postgres_fe.h"

#include <time.h>

#include "notify/channel.h"
#include "repository/keys.h"
#include "repository/secrets.h"

#define SIGNATURE_HEADER "X-Erpgo-Backup-Signature"

char *
webhook_signature(const char *secret, int64 unix_seconds, const char *body)
{
	char	   *signed_text = psprintf(INT64_FORMAT ".%s", unix_seconds, body);
	char		mac[SHA256_HEX_SIZE];

	hmac_sha256_hex(secret, strlen(secret), signed_text, strlen(signed_text), mac);
	pg_free(signed_text);
	return psprintf("t=" INT64_FORMAT ",v1=%s", unix_seconds, mac);
}

/*
 * Prepares to send an alert to the webhook.
 */
static Transfer *
prepare_alert(const Alert *alert, int timeout_ms)
{
	Transfer   *transfer = transfer_create("webhook", timeout_ms);
	const char *secret = secret_get(SECRET_WEBHOOK_SECRET);
	json_t	   *json;
	char	   *body;

	if (!transfer_set_url(transfer, SECRET_WEBHOOK_URL, URL_LOOPBACK_HTTP))
		return transfer;
	json = alert_to_json(alert);
	body = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (secret != NULL)
		transfer_add_header(transfer,
							psprintf(SIGNATURE_HEADER ": %s",
									 webhook_signature(secret, (int64) time(NULL), body)));
	transfer_post(transfer, body, "application/json");
	return transfer;
}

/*
 * Prepares to say that all is well, which a GET alone does.
 */
static Transfer *
prepare_heartbeat(const Alert *alert, int timeout_ms)
{
	Transfer   *transfer = transfer_create("heartbeat URL", timeout_ms);

	transfer_set_url(transfer, SECRET_HEARTBEAT_URL, URL_LOOPBACK_HTTP);
	return transfer;
}

const Channel webhook_channel = {
	.name = "webhook",
	.secret = SECRET_WEBHOOK_URL,
	.prepare = prepare_alert,
};

const Channel heartbeat_channel = {
	.name = "heartbeat",
	.secret = SECRET_HEARTBEAT_URL,
	.prepare = prepare_heartbeat,
};

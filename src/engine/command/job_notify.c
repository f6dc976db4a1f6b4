/*
 * Sends alerts by every channel that the secrets configure.
 */
#include "command/job.h"

#include "command/delivery.h"
#include "protocol.h"
#include "repository/secrets.h"

/*
 * Tells the server what became of an alert on a channel.
 */
static void
send_row(const Delivery *delivery, void *context)
{
	protocol_send("row", delivery_to_json(delivery));
}

/*
 * The alerts of the job description; *count is how many.
 */
static Alert *
read_alerts(json_t *job, int *count)
{
	const char *cluster = job_required_text(job, "cluster");
	json_t	   *list = json_object_get(job, "alerts");
	Alert	   *alerts = pg_malloc0((json_array_size(list) + 1) * sizeof(Alert));

	*count = (int) json_array_size(list);
	for (int i = 0; i < *count; i++)
		alerts[i] = alert_from_json(json_array_get(list, i), cluster);
	if (json_is_true(json_object_get(job, "test")))
		alerts[(*count)++] = alert_for_test(cluster);
	return alerts;
}

json_t *
job_notify(json_t *job)
{
	NotifyOptions options = {
		.timeout_ms = (int) job_integer(job, "timeout_ms", NOTIFY_TIMEOUT_LIMIT_MS),
		.heartbeat = json_is_true(json_object_get(job, "heartbeat")),
		.report = send_row
	};
	int			count;
	Alert	   *alerts = read_alerts(job, &count);

	secrets_load(job_text(job, "secrets_file"));
	return json_pack("{s:i}", "channels", notify_send(alerts, count, &options));
}

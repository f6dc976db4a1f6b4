/*
 * Sends alerts by every channel that the secrets configure.
 *
 * Each channel has a lane in which one transfer follows the other; the lanes
 * are side by side.  A lane that has used up its time gives up the rest.
 */
#include "postgres_fe.h"

#include "clock.h"
#include "failure.h"
#include "notify/channel.h"
#include "notify/notify.h"
#include "repository/secrets.h"

/* After this, no transfer is begun or goes on. */
#define BUDGET_MS 50000
/* libcurl knows itself when it has to be called; this is for its mistakes. */
#define WAIT_MS 1000

const char *const notify_channels_hint =
"Put SLACK_WEBHOOK_URL, WEBHOOK_URL, or NOTIFICATION_EMAIL and SMTP_HOST into the file that erpgo_backup.secrets_file names.";

static const Channel *const channels[] = {
	&slack_channel, &webhook_channel, &email_channel, &heartbeat_channel
};

/* A channel and how far it is. */
typedef struct Lane
{
	const Channel *channel;
	const Alert *alerts;
	int			count;
	int			next;			/* the alert after the current one */
	Transfer   *transfer;		/* the current one, or NULL */
} Lane;

typedef struct Notification
{
	const NotifyOptions *options;
	int64		deadline_ms;
	CURLM	   *multi;
	Lane		lanes[lengthof(channels)];
	int			lane_count;
	int			active;			/* lanes with a transfer under way */
} Notification;

/*
 * Reports what became of the current transfer of a lane, and ends it.
 */
static void
end_transfer(Notification *notification, Lane *lane, Verdict verdict)
{
	Delivery	delivery = {
		.channel = lane->channel->name,
		.alert = lane->alerts == NULL ? NULL : &lane->alerts[lane->next - 1],
		.verdict = verdict
	};

	notification->options->report(&delivery, notification->options->context);
	transfer_free(lane->transfer);
	lane->transfer = NULL;
}

/*
 * Begins the transfer of an alert; false, with what became of it, if there is
 * nothing to wait for.
 */
static bool
begin_transfer(Notification *notification, Lane *lane, Verdict *verdict)
{
	const Alert *alert = lane->alerts == NULL ? NULL : &lane->alerts[lane->next];
	int64		left = notification->deadline_ms - clock_ms();
	int			timeout = (int) Min(notification->options->timeout_ms, left);

	lane->next++;
	lane->transfer = lane->channel->prepare(alert, Max(timeout, 1));
	if (lane->transfer->is_refused)
		*verdict = lane->transfer->refusal;
	else if (left <= 0)
		*verdict = verdict_too_late(lane->transfer->receiver);
	else if (curl_multi_add_handle(notification->multi, lane->transfer->handle) == CURLM_OK)
		return true;
	else
		*verdict = verdict_of_http(lane->transfer->receiver, CURLE_OUT_OF_MEMORY, 0);
	return false;
}

/*
 * Passes over the alerts that are not for a lane's channel; false if nothing
 * is left.
 */
static bool
find_next(Lane *lane)
{
	while (lane->next < lane->count && lane->alerts != NULL &&
		   !alert_is_for(&lane->alerts[lane->next], lane->channel->name))
		lane->next++;
	return lane->next < lane->count;
}

/*
 * Begins the next transfer of a lane, if there is one more.
 */
static void
advance(Notification *notification, Lane *lane)
{
	Verdict		verdict;

	while (find_next(lane))
	{
		if (begin_transfer(notification, lane, &verdict))
		{
			notification->active++;
			return;
		}
		end_transfer(notification, lane, verdict);
	}
}

/*
 * The lane in which a transfer is under way.
 */
static Lane *
find_lane(Notification *notification, const CURL *handle)
{
	for (int i = 0; i < notification->lane_count; i++)
	{
		Lane	   *lane = &notification->lanes[i];

		if (lane->transfer != NULL && lane->transfer->handle == handle)
			return lane;
	}
	fail(FAILURE_INTERNAL, NULL, "a transfer ended that was not begun");
}

/*
 * Takes the transfers that have ended, and begins those that come next.
 */
static void
take_ended(Notification *notification)
{
	CURLMsg    *message;
	int			queued;

	while ((message = curl_multi_info_read(notification->multi, &queued)) != NULL)
	{
		/* Removing the handle takes the message away. */
		CURLcode	result = message->data.result;
		Lane	   *lane = find_lane(notification, message->easy_handle);

		curl_multi_remove_handle(notification->multi, lane->transfer->handle);
		notification->active--;
		end_transfer(notification, lane, transfer_verdict(lane->transfer, result));
		advance(notification, lane);
	}
}

/*
 * Gives every configured channel a lane.
 */
static void
open_lanes(Notification *notification, const Alert *alerts, int count)
{
	for (int i = 0; i < lengthof(channels); i++)
	{
		bool		is_heartbeat = channels[i] == &heartbeat_channel;
		Lane	   *lane = &notification->lanes[notification->lane_count];

		if (secret_get(channels[i]->secret) == NULL ||
			(is_heartbeat && !notification->options->heartbeat))
			continue;
		lane->channel = channels[i];
		lane->alerts = is_heartbeat ? NULL : alerts;
		lane->count = is_heartbeat ? 1 : count;
		notification->lane_count++;
	}
}

/*
 * Fails unless libcurl can go on.
 */
static void
require_going_on(CURLMcode result)
{
	if (result != CURLM_OK)
		fail(FAILURE_IO, NULL, "could not send alerts: %s",
			 curl_multi_strerror(result));
}

int
notify_send(const Alert *alerts, int count, const NotifyOptions *options)
{
	Notification notification = {
		.options = options,
		.deadline_ms = clock_ms() + BUDGET_MS
	};
	int			running;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		(notification.multi = curl_multi_init()) == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not initialize libcurl");
	open_lanes(&notification, alerts, count);
	for (int i = 0; i < notification.lane_count; i++)
		advance(&notification, &notification.lanes[i]);

	while (notification.active > 0)
	{
		require_going_on(curl_multi_perform(notification.multi, &running));
		take_ended(&notification);
		if (notification.active > 0)
			require_going_on(curl_multi_poll(notification.multi, NULL, 0, WAIT_MS, NULL));
	}
	curl_multi_cleanup(notification.multi);
	return notification.lane_count;
}

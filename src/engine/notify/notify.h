/*
 * Sends alerts by every channel that the secrets configure.
 */
#ifndef ERPGO_ENGINE_NOTIFY_NOTIFY_H
#define ERPGO_ENGINE_NOTIFY_NOTIFY_H

#include "notify/alert.h"
#include "notify/verdict.h"

/* What became of one alert, or of the heartbeat (NULL), on one channel. */
typedef struct Delivery
{
	const char *channel;		/* "slack", "webhook", "email", "heartbeat" */
	const Alert *alert;
	Verdict		verdict;
} Delivery;

typedef struct NotifyOptions
{
	int			timeout_ms;		/* of one transfer */
	bool		heartbeat;		/* call the heartbeat URL, too */
	void		(*report) (const Delivery *delivery, void *context);
	void	   *context;
} NotifyOptions;

/* How long a transfer may take at most, and does unless told otherwise. */
#define NOTIFY_TIMEOUT_LIMIT_MS 30000

/*
 * Sends the alerts in their order, each on its channels, all channels at
 * once, and reports every delivery.  Receivers that do not answer hold up only
 * their own channel, and all together it takes less than a minute.  Returns
 * the number of channels that are configured; the secrets must have been
 * loaded.
 */
extern int	notify_send(const Alert *alerts, int count,
						const NotifyOptions *options);

/* What to do if there is no channel. */
extern const char *const notify_channels_hint;

#endif

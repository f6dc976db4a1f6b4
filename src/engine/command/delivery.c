/*
 * What became of an alert, as the server and scripts are told.
 */
#include "postgres_fe.h"

#include "command/delivery.h"
#include "protocol.h"

json_t *
delivery_to_json(const Delivery *delivery)
{
	const Verdict *verdict = &delivery->verdict;

	return json_pack("{s:o, s:s, s:s, s:b, s:o, s:o}",
					 "alert", json_text(delivery->alert == NULL ? NULL :
										delivery->alert->id),
					 "channel", delivery->channel,
					 "status", verdict->sent ? DELIVERY_SENT : DELIVERY_FAILED,
					 "transient", (int) verdict->transient,
					 "message", json_text(verdict->message),
					 "hint", json_text(verdict->hint));
}

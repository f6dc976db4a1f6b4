/*
 * erpgo_backup_notify_test: do alerts arrive?
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "engine_protocol.h"
#include "session.h"

PG_FUNCTION_INFO_V1(erpgo_backup_notify_test);

#define CHANNELS_HINT "Put SLACK_WEBHOOK_URL, WEBHOOK_URL, or NOTIFICATION_EMAIL and SMTP_HOST into the file that erpgo_backup.secrets_file names."

/*
 * Adds a row; the hint, if there is one, is a line of the message.
 */
static void
put_channel(ReturnSetInfo *result, const char *channel, const char *status,
			const char *message, const char *hint)
{
	Datum		values[3] = {0};
	bool		nulls[3] = {false};

	nulls[0] = channel == NULL;
	if (channel != NULL)
		values[0] = CStringGetTextDatum(channel);
	values[1] = CStringGetTextDatum(status);
	values[2] = CStringGetTextDatum(hint == NULL ? message :
									psprintf("%s\nHINT:  %s", message, hint));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Adds the rows that the engine sent; how many there are.
 */
static int
put_channels(ReturnSetInfo *result, char *payload)
{
	int			count = 0;
	char	   *line;

	while ((line = strsep(&payload, "\n")) != NULL)
	{
		EngineMessage row;
		char	   *channel;
		char	   *status;
		char	   *message;

		if (line[0] == '\0')
			continue;
		row = engine_message_read_body(line);
		channel = message_text(&row, "channel");
		status = message_text(&row, "status");
		message = message_text(&row, "message");
		if (channel == NULL || status == NULL || message == NULL)
			continue;
		put_channel(result, channel, status, message, message_text(&row, "hint"));
		count++;
	}
	return count;
}

/*
 * Sends a test alert through every channel that is configured, and tells what
 * became of it, one row a channel.
 */
Datum
erpgo_backup_notify_test(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	JobOutcome	outcome;
	char	   *payload;
	JobSlot    *slot;

	InitMaterializedSRF(fcinfo, 0);
	session_require_jobs(false);
	slot = job_request(session_request(JOB_NOTIFY), 0, true);
	session_await(slot, true, &outcome, &payload);
	session_throw(&outcome);
	if (put_channels(result, payload) == 0)
		put_channel(result, NULL, "not configured",
					"no channel for alerts is configured", CHANNELS_HINT);
	PG_RETURN_VOID();
}

/*
 * Sending a request to object storage again, where that may help.
 */
#include "postgres_fe.h"

#include <time.h>

#include "failure.h"
#include "store/again.h"
#include "store/aws_credentials.h"
#include "store/s3_answer.h"
#include "store/s3_call.h"

/*
 * If the server refuses the time of a signature, takes its own from now on;
 * true if that was not tried before.
 */
static bool
follow_clock(S3Client *client, const S3Answer *answer)
{
	if (strcmp(answer->error, "RequestTimeTooSkewed") != 0 ||
		answer->date <= 0 || client->clock_offset_s != 0)
		return false;
	client->clock_offset_s = (int64) answer->date - (int64) time(NULL);
	notice("warning", "Check the clock of this machine.",
		   "the clock of this machine differs by " INT64_FORMAT " s from that of the server of repository \"%s\"",
		   client->clock_offset_s, client->shown_url);
	return client->clock_offset_s != 0;
}

/*
 * If the server calls the credentials expired, has others fetched for the next
 * attempt; true if that was not tried since it took some.  Its answer to a
 * HEAD has no word for why.
 */
static bool
renew_credentials(S3Client *client, const S3Answer *answer)
{
	bool		refused = strcmp(answer->error, "ExpiredToken") == 0 ||
		strcmp(answer->error, "TokenRefreshRequired") == 0 ||
		(answer->error[0] == '\0' && (answer->status == 400 || answer->status == 403));

	if (client->renewed || answer->result != CURLE_OK || !refused)
		return false;
	client->renewed = aws_credentials_expire();
	return client->renewed;
}

bool
s3_call_again(S3Client *client, const S3Answer *answer, int attempt)
{
	int64		delay_ms;

	if (s3_answer_is_success(answer))
	{
		client->renewed = false;
		return false;
	}
	if (follow_clock(client, answer) || renew_credentials(client, answer))
		return true;
	if (!again_decide(client->reached, attempt, s3_answer_is_transient(answer), &delay_ms))
		return false;
	notice("debug", NULL, "attempt %d to reach repository \"%s\" failed: %s, status %ld %s",
		   attempt, client->shown_url, curl_easy_strerror(answer->result),
		   answer->status, answer->error);
	again_wait(delay_ms);
	return true;
}

void
s3_call(S3Client *client, const S3Call *call, S3Answer *answer)
{
	int			attempt = 0;

	do
	{
		if (attempt > 0)
			s3_answer_free(answer);
		s3_call_once(client, call, answer);
		attempt++;
	}
	while (s3_call_again(client, answer, attempt));
}

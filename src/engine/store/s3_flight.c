/*
 * Requests to object storage that are on their way side by side, and sent
 * again where that may help.
 */
#include "postgres_fe.h"

#include <time.h>

#include "clock.h"
#include "failure.h"
#include "store/again.h"
#include "store/aws_credentials.h"
#include "store/s3_answer.h"
#include "store/s3_flight.h"

/* How long to wait for something to happen at a time. */
#define WAIT_MS 1000

/* A difference of clocks that no server minds. */
#define CLOCK_TOLERANCE_S 60

/*
 * Does the server refuse the time of a signature, which was so far from its
 * own?  Its answer to a HEAD has no word for why.
 */
static bool
refuses_time(const S3Answer *answer, int64 difference_s)
{
	if (answer->date <= 0 || llabs(difference_s) < CLOCK_TOLERANCE_S)
		return false;
	return strcmp(answer->error, "RequestTimeTooSkewed") == 0 ||
		(answer->error[0] == '\0' && answer->status == 403);
}

/*
 * If the server refuses the time of a signature, takes its own from now on, or
 * our own again, if that was set right meanwhile; true if that was not tried
 * since it took a request.
 */
static bool
follow_clock(S3Client *client, const S3Answer *answer)
{
	int64		offset_s = (int64) answer->date - (int64) time(NULL);

	if (client->dialect != NULL || client->followed || answer->result != CURLE_OK ||
		!refuses_time(answer, offset_s - client->clock_offset_s))
		return false;
	if (llabs(offset_s) >= CLOCK_TOLERANCE_S)
		notice("warning", "Check the clock of this machine.",
			   "the clock of this machine differs by " INT64_FORMAT " s from that of the server of repository \"%s\"",
			   offset_s, client->shown_url);
	client->clock_offset_s = offset_s;
	client->followed = true;
	client->signing++;
	return true;
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

	if (client->dialect != NULL || client->renewed || answer->result != CURLE_OK || !refused)
		return false;
	client->renewed = aws_credentials_expire();
	client->signing++;
	return client->renewed;
}

/*
 * Notes that the server took a request: what it refuses from now on, it does
 * for something new.
 */
static void
note_success(S3Client *client)
{
	client->renewed = false;
	client->followed = false;
}

bool
s3_call_again(S3Client *client, const S3Answer *answer, int attempt, int64 *delay_ms)
{
	*delay_ms = 0;
	if (s3_answer_is_success(answer))
	{
		note_success(client);
		return false;
	}
	/* It was refused for what another one has made the client change since. */
	if (answer->status / 100 == 4 && answer->signing != client->signing)
		return true;
	if (follow_clock(client, answer) || renew_credentials(client, answer))
		return true;
	if (!again_decide(client->reached, attempt, s3_answer_is_transient(answer), delay_ms))
		return false;
	notice("debug", NULL, "attempt %d to reach repository \"%s\" failed: %s, status %ld %s",
		   attempt, client->shown_url, curl_easy_strerror(answer->result),
		   answer->status, answer->error);
	return true;
}

/*
 * Takes leave of a request that was answered, or given up.
 */
static void
conclude(S3Client *client, S3Exchange *exchange, S3Answer *answer)
{
	bool		too_long = exchange->too_long;

	if (answer->status != 0)
		client->reached = true;
	s3_exchange_end(exchange);
	if (too_long)
		fail(FAILURE_DAMAGED, NULL, "the server of repository \"%s\" answers more than it can have to say",
			 client->shown_url);
	s3_answer_read_error(answer);
}

/*
 * Sends the request.
 */
static void
send_now(S3Flight *flight)
{
	flight->state = S3_UNDER_WAY;
	flight->attempt++;
	flight->exchange = s3_exchange_begin(flight->client, &flight->call, &flight->answer);
}

void
s3_flight_begin(S3Flight *flight, S3Client *client, const S3Call *call)
{
	flight->client = client;
	flight->call = *call;
	flight->attempt = 0;
	send_now(flight);
}

/*
 * Judges an attempt.
 */
static void
judge(S3Flight *flight)
{
	int64		delay_ms;

	conclude(flight->client, flight->exchange, &flight->answer);
	flight->exchange = NULL;
	flight->state = S3_ENDED;
	if (s3_answer_is_success(&flight->answer))
	{
		note_success(flight->client);
		return;
	}
	if (flight->resume != NULL && flight->resume(flight->call.context, &flight->call))
		flight->attempt = 1;
	if (!s3_call_again(flight->client, &flight->answer, flight->attempt, &delay_ms))
		return;
	s3_answer_free(&flight->answer);
	flight->due_ms = clock_ms() + delay_ms;
	flight->state = S3_DELAYED;
}

/*
 * How long until the first of these that are delayed is sent again.
 */
static int
time_to_wait(const S3Flight *flights, int count)
{
	int64		now = clock_ms();
	int64		wait_ms = WAIT_MS;

	for (int i = 0; i < count; i++)
	{
		if (flights[i].state == S3_DELAYED)
			wait_ms = Min(wait_ms, Max(1, flights[i].due_ms - now));
	}
	return (int) wait_ms;
}

void
s3_flights_move(S3Flight *flights, int count, bool wait)
{
	s3_exchanges_move(wait ? time_to_wait(flights, count) : 0);
	for (int i = 0; i < count; i++)
	{
		S3Flight   *flight = &flights[i];

		if (flight->state == S3_DELAYED && clock_ms() >= flight->due_ms)
			send_now(flight);
		else if (flight->state == S3_UNDER_WAY && s3_exchange_is_done(flight->exchange))
			judge(flight);
	}
}

void
s3_flight_end(S3Flight *flight)
{
	if (flight->exchange != NULL)
		s3_exchange_end(flight->exchange);
	if (flight->state == S3_UNDER_WAY || flight->state == S3_ENDED)
		s3_answer_free(&flight->answer);
	flight->exchange = NULL;
	flight->state = S3_IDLE;
}

void
s3_call(S3Client *client, const S3Call *call, S3Answer *answer)
{
	S3Flight	flight = {0};

	s3_flight_begin(&flight, client, call);
	while (flight.state != S3_ENDED)
		s3_flights_move(&flight, 1, true);
	*answer = flight.answer;
	answer->attempts = flight.attempt;
}

void
s3_call_once(S3Client *client, const S3Call *call, S3Answer *answer)
{
	S3Exchange *exchange = s3_exchange_begin(client, call, answer);

	while (!s3_exchange_is_done(exchange))
		s3_exchanges_move(WAIT_MS);
	conclude(client, exchange, answer);
}

void
s3_call_add_query(S3Call *call, const char *name, const char *value)
{
	S3Pair		pair = {name, value};

	call->query[call->query_count++] = pair;
}

void
s3_call_add_header(S3Call *call, const char *name, const char *value)
{
	S3Pair		pair = {name, value};

	call->headers[call->header_count++] = pair;
}

void
s3_answer_free(S3Answer *answer)
{
	pg_free(answer->body.data);
	answer->body.data = NULL;
}

/*
 * Whether a failed attempt is repeated, and after which delay.
 */
#include "common/retry.h"

#define SHORTEST_PAUSE_MS 100

/* 90 days, as the header says; a quarter times 32 bits fits into 64 bits. */
#define DELAY_LIMIT (INT64_C(90) * 86400 * 1000)

static int64_t
clamp_delay(int64_t delay_ms)
{
	if (delay_ms < 0)
		return 0;
	return (delay_ms > DELAY_LIMIT) ? DELAY_LIMIT : delay_ms;
}

/* The delay before a retry, counted from 1 on, without the random part. */
static int64_t
doubled_delay(const RetryPolicy *policy, int retry)
{
	int64_t		delay_ms = clamp_delay(policy->first_delay_ms);
	int64_t		longest_ms = clamp_delay(policy->longest_delay_ms);

	for (int i = 1; i < retry && delay_ms < longest_ms && delay_ms > 0; i++)
		delay_ms *= 2;
	return (delay_ms > longest_ms) ? longest_ms : delay_ms;
}

bool
retry_decide(const RetryPolicy *policy, int attempt, bool transient,
			 uint32_t random, int64_t *delay_ms)
{
	int64_t		delay;

	if (!transient || attempt > policy->max_retries)
		return false;
	delay = doubled_delay(policy, attempt);
	*delay_ms = delay + delay / 4 * random / UINT32_MAX;
	return true;
}

int64_t
retry_pause(int64_t first_delay_ms, int failures, uint32_t random)
{
	RetryPolicy policy = {
		.max_retries = failures,
		.first_delay_ms = first_delay_ms < SHORTEST_PAUSE_MS ? SHORTEST_PAUSE_MS : first_delay_ms,
		.longest_delay_ms = RETRY_LONGEST_DELAY_MS,
	};
	int64_t		delay_ms = 0;

	(void) retry_decide(&policy, failures, true, random, &delay_ms);
	return delay_ms;
}

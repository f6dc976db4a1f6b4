/*
 * Whether a failed attempt is repeated, and after which delay.
 */
#ifndef ERPGO_COMMON_RETRY_H
#define ERPGO_COMMON_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* Where the doubling of the delay between retries ends. */
#define RETRY_LONGEST_DELAY_MS (INT64_C(60) * 60 * 1000)

typedef struct RetryPolicy
{
	int			max_retries;	/* attempts beyond the first one */
	int64_t		first_delay_ms;
	int64_t		longest_delay_ms;	/* doubling ends here, or at 90 days */
} RetryPolicy;

/*
 * Decides after the attempt with a number, from 1 on, has failed.  True if
 * there is to be another one: only if the error is transient, that is, one
 * that time may mend, and if a retry is left.
 *
 * *delay_ms is the policy's first delay, doubled for every earlier retry up
 * to the longest, plus up to a quarter of that, as a random number over all
 * its values decides: servers that failed together do not come back together,
 * and none comes earlier than it was told.
 */
extern bool retry_decide(const RetryPolicy *policy, int attempt,
						 bool transient, uint32_t random, int64_t *delay_ms);

/*
 * The pause before something that is tried for ever is tried again after so
 * many failures in a row, from 1 on: as above, but up to an hour, and never
 * none, so that it grows.
 */
extern int64_t retry_pause(int64_t first_delay_ms, int failures, uint32_t random);

#endif

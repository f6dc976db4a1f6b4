/*
 * Asking a server again that could not be reached, or did not do its work.
 */
#include "postgres_fe.h"

#include "store/again.h"

#include "common/retry.h"

/* One that never answered is probably not there; one that did comes back. */
static const RetryPolicy unknown_server = {3, 250, 2000};
static const RetryPolicy known_server = {9, 250, 30000};

bool
again_decide(bool reached, int attempt, bool transient, int64 *delay_ms)
{
	uint32		random = 0;

	(void) pg_strong_random(&random, sizeof(random));
	return retry_decide(reached ? &known_server : &unknown_server, attempt,
						transient, random, delay_ms);
}

void
again_wait(int64 delay_ms)
{
	pg_usleep(delay_ms * 1000);
}

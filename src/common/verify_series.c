/*
 * Verifications on schedule: which backup is next, and is there time for it?
 */
#include "common/verify_series.h"

#include <stdbool.h>

/*
 * Is time left for another backup?
 */
static bool
has_time(const VerifySeries *series, int64_t now)
{
	int64_t		elapsed = now - series->started_at;

	return (series->budget == 0 || elapsed < series->budget) &&
		(series->maximum == 0 || elapsed < series->maximum);
}

/*
 * Does a come before b?
 */
static bool
precedes(const VerifyCandidate *a, const VerifyCandidate *b)
{
	if (a->proven_at != b->proven_at)
		return a->proven_at < b->proven_at;
	return a->made_at > b->made_at;
}

int
verify_series_next(const VerifySeries *series, int64_t now,
				   const VerifyCandidate *candidates, int count)
{
	bool		has_begun = false;
	int			next = -1;

	if (now < series->started_at)
		return -1;
	for (int i = 0; i < count; i++)
	{
		if (candidates[i].tried_at >= series->started_at)
			has_begun = true;
		else if (next < 0 || precedes(&candidates[i], &candidates[next]))
			next = i;
	}
	return has_begun && !has_time(series, now) ? -1 : next;
}

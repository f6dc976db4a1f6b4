/*
 * Verifications on schedule: which backup is next, and is there time for it?
 *
 * A series verifies one backup after the other.  Each is read to its end, so
 * the time is looked at before each but the first: a backup that takes longer
 * than the budget is verified all the same.
 */
#ifndef ERPGO_COMMON_VERIFY_SERIES_H
#define ERPGO_COMMON_VERIFY_SERIES_H

#include <stdint.h>

/* A time that never was. */
#define VERIFY_NEVER INT64_MIN

/* Times are in one unit, whatever that is. */
typedef struct VerifySeries
{
	int64_t		started_at;
	int64_t		budget;			/* 0 is without limit */
	int64_t		maximum;		/* another limit, 0 if there is none */
} VerifySeries;

typedef struct VerifyCandidate
{
	int64_t		made_at;
	int64_t		proven_at;		/* last look at all of it, or VERIFY_NEVER */
	int64_t		tried_at;		/* last verification, or VERIFY_NEVER */
} VerifyCandidate;

/*
 * The index of the backup that is verified next, -1 if the series is over.
 *
 * Those that were never looked at in full come first, among them the newest:
 * that is what a restore would take.  Then come the others, the one whose last
 * look is longest ago first.  None comes twice in a series.  A clock that was
 * put back to before its beginning ends a series.
 */
extern int	verify_series_next(const VerifySeries *series, int64_t now,
							   const VerifyCandidate *candidates, int count);

#endif

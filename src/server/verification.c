/*
 * Series of verifications: what a schedule asks for is one backup after the
 * other, each a job of its own.
 *
 * A series is nothing but what its jobs hand on.  One that is cancelled, or
 * interrupted by the end of the server, is over; what it did not come to is
 * what the next one begins with.
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/timestamp.h"

#include "common/verify_series.h"
#include "followup.h"
#include "settings.h"
#include "statement.h"
#include "verification.h"

/*
 * A time of the last result; VERIFY_NEVER if null.
 */
static int64
result_time(int row, int column)
{
	char	   *value = statement_text(row, column);

	return value == NULL ? VERIFY_NEVER : strtoll(value, NULL, 10);
}

/*
 * Reads the backups that there are, and the copies; their identifiers, and the
 * URLs of further repositories, are in the last result.
 */
static VerifyCandidate *
load_candidates(int *count)
{
	VerifyCandidate *candidates;

	*count = (int) statement_run("SELECT id, made_at, proven_at, tried_at, NULL"
								 " FROM erpgo_backup.verification_candidate"
								 " UNION ALL"
								 " SELECT id, made_at, proven_at, tried_at, repository"
								 " FROM erpgo_backup.copy_candidate",
								 0, NULL);
	candidates = palloc((*count + 1) * sizeof(VerifyCandidate));
	for (int i = 0; i < *count; i++)
	{
		candidates[i].made_at = result_time(i, 2);
		candidates[i].proven_at = result_time(i, 3);
		candidates[i].tried_at = result_time(i, 4);
	}
	return candidates;
}

/*
 * A moment in microseconds since 1970, as the candidates have it.
 */
static int64
unix_time(TimestampTz at)
{
	return at + USECS_PER_DAY * (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE);
}

/*
 * Has a request be about a row of the candidates.  A copy has the bytes of what
 * is looked at in full in the first repository, so its digests suffice.
 */
static void
take_candidate(JobRequest *request, int row)
{
	const char *url = statement_text(row, 5);

	strlcpy(request->id, statement_text(row, 1), sizeof(request->id));
	strlcpy(request->target, url == NULL ? "" : url, sizeof(request->target));
	request->depth = url == NULL ? VERIFY_FULL : VERIFY_DIGEST;
}

bool
verification_next(JobRequest *request)
{
	VerifySeries series = {
		.started_at = unix_time(request->series_started_at),
		.budget = setting_verify_budget * INT64CONST(1000),
		.maximum = request->maximum_duration * USECS_PER_SEC,
	};
	int			count;
	VerifyCandidate *candidates = load_candidates(&count);
	int			next = verify_series_next(&series,
										  unix_time(GetCurrentTimestamp()),
										  candidates, count);

	if (next >= 0)
		take_candidate(request, next);
	pfree(candidates);
	return next >= 0;
}

/*
 * Can others be verified, whatever this one ended with?  A further repository
 * that is away has the other copies in it passed over, see copy_looked.
 */
static bool
leaves_others(const JobRequest *request, const EngineRun *run)
{
	return run->succeeded || run->damaged ||
		(run->stop == ENGINE_NOT_STOPPED &&
		 (run->outcome.sqlstate == ERRCODE_UNDEFINED_OBJECT || request->target[0] != '\0'));
}

void
verification_continue(const JobRequest *request, const EngineRun *run)
{
	JobRequest	next = *request;

	if (request->kind == JOB_VERIFY && request->series_started_at != 0 &&
		setting_enabled && leaves_others(request, run))
		followup_request(&next, verification_next,
						 "no more backups are verified this time");
}

int
verification_time_limit(const JobRequest *request)
{
	int64		elapsed = 0;

	if (request->series_started_at != 0)
		elapsed = (GetCurrentTimestamp() - request->series_started_at) / USECS_PER_SEC;
	return request->maximum_duration == 0 ? 0 :
		(int) Max(request->maximum_duration - elapsed, 1);
}

/*
 * WAL that follows.
 *
 * How far each repository has come is in shared memory and not in a table: a
 * row that is written is WAL, so that an idle server would never rest.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/retry.h"
#include "alert_run.h"
#include "further_repository.h"
#include "repository_settings.h"
#include "settings.h"
#include "tail_job.h"
#include "time_passed.h"
#include "wal_follow.h"

PG_FUNCTION_INFO_V1(erpgo_backup_wal_followers);

#define COLUMNS 6

/* Of the scheduler: when it last looked. */
static int64 looked_ms = 0;

/*
 * What the archive has got so far.
 */
static WalArchived
archived_now(void)
{
	WalArchived archived = {0};

	pgstat_clear_snapshot();
	archived.files = pgstat_fetch_stat_archiver()->archived_count;
	LWLockAcquire(job_table->lock, LW_SHARED);
	archived.tail = job_table->tail.lsn;
	LWLockRelease(job_table->lock);
	return archived;
}

/*
 * Is a repository to be left alone for now, as nothing could be brought to it?
 */
static bool
has_pause(const WalFollower *follower)
{
	return follower->failures > 0 && passing_ms() < follower->retry_ms;
}

/*
 * Was anything archived that the repository was not brought?  If so, that is
 * noted as what it is to be brought now.
 */
static bool
lacks_wal(const char *url, const RepositoryList *list, const WalArchived *archived)
{
	WalFollower *follower;
	bool		lacks;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	follower = &further_repository(url, list)->wal;
	lacks = !has_pause(follower) &&
		(follower->copied_at == 0 || follower->failed_at != 0 ||
		 follower->copied.files != archived->files ||
		 follower->copied.tail != archived->tail);
	if (lacks)
	{
		follower->asked = *archived;
		follower->asked_at = GetCurrentTimestamp();
	}
	LWLockRelease(job_table->lock);
	return lacks;
}

/*
 * Asks for a repository to be brought what it lacks.
 */
static void
follow(const char *url, const RepositoryList *list, const WalArchived *archived)
{
	JobRequest	request = {.kind = JOB_COPY_WAL};

	if (!job_has_room() || job_target_active(JOB_COPY_WAL, url) ||
		!lacks_wal(url, list, archived))
		return;
	strlcpy(request.target, url, sizeof(request.target));
	(void) job_request(&request, 0, false);
}

/*
 * Looks at all repositories that follow.
 */
static void
follow_all(const RepositoryList *list)
{
	WalArchived archived = archived_now();

	for (int i = 1; i < list->count; i++)
	{
		if (!list->repositories[i].wal_required)
			follow(list->repositories[i].url, list, &archived);
	}
}

long
wal_follow_run(void)
{
	int64		interval = tail_job_interval() * INT64CONST(1000);
	int64		now = passing_ms();
	RepositoryList *list;
	bool		any_follows = false;

	if (!setting_enabled || !tail_job_archives_wal())
		return 0;
	list = settings_repositories();
	for (int i = 1; i < list->count; i++)
		any_follows |= !list->repositories[i].wal_required;
	if (any_follows && (looked_ms == 0 || now - looked_ms >= interval))
	{
		looked_ms = now;
		follow_all(list);
	}
	pfree(list);
	return any_follows ? (long) (looked_ms + interval - now) : 0;
}

void
wal_follow_want_again(void)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	for (int i = 0; i < REPOSITORY_LIST_LIMIT; i++)
		job_table->further[i].wal.retry_ms = 0;
	LWLockRelease(job_table->lock);
}

/*
 * Notes another failure; true if it is the first one in a row.
 */
static bool
note_failure(WalFollower *follower)
{
	bool		is_first = follower->failed_at == 0;

	if (is_first)
		follower->failed_at = GetCurrentTimestamp();
	follower->failures++;
	follower->retry_ms = passing_ms() +
		retry_pause(setting_retry_delay, follower->failures,
					pg_prng_uint32(&pg_global_prng_state));
	return is_first;
}

/*
 * Notes the end of a job; true if it failed, or not, for the first time in a
 * row.
 */
static bool
note_end(const char *target, bool succeeded)
{
	FurtherRepository *repository;
	WalFollower *follower;
	bool		is_news = false;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	repository = further_repository(target, NULL);
	follower = repository == NULL ? NULL : &repository->wal;
	if (follower != NULL && succeeded)
	{
		is_news = follower->failed_at != 0;
		follower->copied = follower->asked;
		follower->copied_at = follower->asked_at;
		follower->failed_at = 0;
		follower->failures = 0;
	}
	else if (follower != NULL)
		is_news = note_failure(follower);
	LWLockRelease(job_table->lock);
	return is_news;
}

void
wal_follow_end(const char *target, const JobOutcome *outcome)
{
	bool		succeeded = outcome->sqlstate == ERRCODE_SUCCESSFUL_COMPLETION;
	bool		is_news = note_end(target, succeeded);

	if (is_news)
		alerts_want();
	if (!succeeded)
		ereport(is_news ? WARNING : DEBUG1,
				errcode(outcome->sqlstate),
				errmsg("could not copy WAL to repository \"%s\": %s", target, outcome->message),
				outcome->detail[0] ? errdetail("%s", outcome->detail) : 0,
				outcome->hint[0] ? errhint("%s", outcome->hint) : 0);
	else if (is_news)
		ereport(LOG,
				errmsg("WAL is copied to repository \"%s\" again", target));
}

/*
 * Reads what is known of a repository.
 */
static WalFollower
read_follower(const char *url)
{
	WalFollower copy = {0};
	const FurtherRepository *repository;

	LWLockAcquire(job_table->lock, LW_SHARED);
	repository = further_repository(url, NULL);
	if (repository != NULL)
		copy = repository->wal;
	LWLockRelease(job_table->lock);
	return copy;
}

/*
 * When a repository is tried again at the earliest.
 */
static TimestampTz
retry_at(const WalFollower *follower)
{
	int64		rest_ms = Max(follower->retry_ms - passing_ms(), 0);

	return GetCurrentTimestamp() + rest_ms * INT64CONST(1000);
}

/*
 * The repositories that WAL follows to, one row each: name, URL, until when
 * they have what was archived, since when they cannot be brought more, how
 * often that was tried, and when it is again.
 */
Datum
erpgo_backup_wal_followers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	RepositoryList *list;

	InitMaterializedSRF(fcinfo, 0);
	if (job_table == NULL)
		PG_RETURN_VOID();
	list = settings_repositories();
	for (int i = 1; i < list->count; i++)
	{
		WalFollower follower = read_follower(list->repositories[i].url);
		Datum		values[COLUMNS] = {
			CStringGetTextDatum(repository_name(i)),
			CStringGetTextDatum(list->repositories[i].url),
			TimestampTzGetDatum(follower.copied_at),
			TimestampTzGetDatum(follower.failed_at),
			Int32GetDatum(follower.failures),
			TimestampTzGetDatum(retry_at(&follower)),
		};
		bool		fails = follower.failed_at != 0;
		bool		nulls[COLUMNS] = {false, false, follower.copied_at == 0, !fails, false, !fails};

		if (!list->repositories[i].wal_required)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	PG_RETURN_VOID();
}

/*
 * Deletes the backups that the policy lets go, or only says which.
 */
#include "command/job.h"

#include "command/expire_json.h"
#include "protocol.h"
#include "recovery/recovery_window.h"
#include "time_zone.h"

/*
 * The policy in the job description.
 */
static RetentionPolicy
read_policy(json_t *job)
{
	json_t	   *given = json_object_get(job, "retention");
	RetentionPolicy policy = {
		.daily_days = (int) job_integer(given, "daily_days", RETENTION_DAILY_DAYS),
		.weekly_weeks = (int) job_integer(given, "weekly_weeks", RETENTION_WEEKLY_WEEKS),
		.monthly_months = (int) job_integer(given, "monthly_months", RETENTION_MONTHLY_MONTHS),
		.minimum = (int) job_integer(given, "minimum", RETENTION_MINIMUM),
		.recovery_window_s = job_integer(given, "recovery_window_s", RECOVERY_WINDOW_S),
		.unfinished_hours = RETENTION_UNFINISHED_HOURS,
		.confirmed = json_is_true(json_object_get(job, "confirm"))
	};

	if (!json_is_object(given))
		fail(FAILURE_USAGE, NULL, "the job description has no \"%s\"", "retention");
	policy.clock = time_zone_clock(job_required_text(given, "timezone"));
	return policy;
}

/*
 * Tells the server of a backup that is gone, at once: it must know even if
 * this process does not live to its end.
 */
static void
report_deletion(const Expiry *expiry, int item)
{
	protocol_send("deleted", expiry_item_to_json(expiry, item));
}

/*
 * Says which WAL is missing, "" if none is, where the archive is used.  A dry
 * run does not look.
 */
static json_t *
look_for_gaps(Repository *repository, const Expiry *expiry)
{
	char	   *missing = expiry->wal->files > 0 ? recovery_missing(repository) : NULL;

	return json_pack("{s:s}", "wal_missing", missing == NULL ? "" : missing);
}

/*
 * Opens the repository to look at, or to delete from; NULL if it is a further
 * one that has nothing of the cluster.
 */
static Repository *
open_repository(json_t *job, bool dry_run)
{
	if (job_is_about_copy(job))
		return dry_run ? job_further_repository(job) : job_owned_further_repository(job);
	return dry_run ? job_repository(job) : job_owned_repository(job);
}

json_t *
job_expire(json_t *job)
{
	RetentionPolicy policy = read_policy(job);
	bool		dry_run = json_is_true(json_object_get(job, "dry_run"));
	Repository *repository = open_repository(job, dry_run);
	Expiry	   *expiry;

	if (repository == NULL)
		return json_object();
	expiry = expiry_plan(repository, &policy);
	if (!dry_run)
		expiry_apply(repository, expiry, report_deletion);
	for (int i = 0; i < expiry->count; i++)
		protocol_send("row", expiry_item_to_json(expiry, i));
	if (expiry->wal->files > 0)
		protocol_send("row", expiry_item_to_json(expiry, EXPIRY_WAL));
	if (!dry_run && expiry->confirmations > 0)
		notice("warning",
			   "Look at erpgo_backup_retention(), then call erpgo_backup_cleanup(confirm => true).",
			   "%d backups are not deleted before that is confirmed, as more than half of a kind would go",
			   expiry->confirmations);
	return dry_run ? json_object() : look_for_gaps(repository, expiry);
}

/*
 * Copies a backup, or the WAL archive, to another repository.
 */
#include "command/job.h"

#include "command/copy_run.h"
#include "protocol.h"
#include "repository/master_key.h"
#include "repository/secrets.h"

/*
 * Opens the repository that is copied from; the secrets have been loaded.
 */
static Repository *
open_source(json_t *job, const Repository *target)
{
	Repository *source = repository_open(job_required_text(job, "source"),
										 target->cluster,
										 master_key());

	if (strcmp(source->system_identifier, target->system_identifier) != 0)
		fail(FAILURE_STATE, NULL,
			 "cluster \"%s\" in repository \"%s\" is that of another server than in \"%s\"",
			 source->cluster, source->store->url, target->store->url);
	return source;
}

/*
 * Opens the repository that is copied to.
 */
static Repository *
open_target(json_t *job)
{
	progress_report("copying", NULL, 0, 0);
	job_require_outside(job);
	return job_owned_repository(job);
}

json_t *
job_copy(json_t *job)
{
	const char *id = job_backup_id(job);
	bool		mends = json_is_true(json_object_get(job, "mend"));
	Repository *target = open_target(job);
	int			jobs = (int) job_integer(job, "jobs", 1);
	CopyOutcome outcome;

	outcome = copy_backup(open_source(job, target), target, id, jobs, mends);
	copy_take_back_failure(target, id, &outcome, job_text(json_object_get(job, "server"), "bindir"), jobs);
	return json_pack("{s:I, s:s?}",
					 "stored_bytes", (json_int_t) outcome.stored_bytes,
					 "depth", outcome.was_read ? verify_depth_name(VERIFY_DIGEST) : NULL);
}

json_t *
job_copy_wal(json_t *job)
{
	Repository *target = open_target(job);

	return json_pack("{s:i}", "count", copy_wal(open_source(job, target), target));
}

/*
 * Copies a backup, or the WAL archive, to another repository.
 */
#include "command/job.h"

#include "command/copy_run.h"
#include "protocol.h"
#include "repository/master_key.h"
#include "repository/owner.h"
#include "repository/secrets.h"

/*
 * Opens the repository that is copied from.  Only its owner copies: who is not
 * must not take a further repository for one whose owner is gone, either.
 */
static Repository *
open_source(json_t *job)
{
	Repository *source;

	job_require_outside(job);
	secrets_load(job_text(job, "secrets_file"));
	source = repository_open(job_required_text(job, "source"),
							 job_required_text(job, "cluster"), master_key());
	owner_require(source, job_required_text(json_object_get(job, "server"), "data_directory"));
	return source;
}

/*
 * Opens the repository that is copied to.
 */
static Repository *
open_target(json_t *job, const Repository *source)
{
	Repository *target = job_owned_repository(job);

	if (strcmp(source->system_identifier, target->system_identifier) != 0)
		fail(FAILURE_STATE, NULL,
			 "cluster \"%s\" in repository \"%s\" is that of another server than in \"%s\"",
			 source->cluster, source->store->url, target->store->url);
	return target;
}

json_t *
job_copy(json_t *job)
{
	const char *id = job_backup_id(job);
	Repository *source;
	CopyOutcome outcome;

	progress_report("copying", NULL, 0, 0);
	source = open_source(job);
	outcome = copy_backup(source, open_target(job, source), id,
						  (int) job_integer(job, "jobs", 1));
	return json_pack("{s:I, s:s}",
					 "stored_bytes", (json_int_t) outcome.stored_bytes,
					 "depth", verify_depth_name(VERIFY_DIGEST));
}

json_t *
job_copy_wal(json_t *job)
{
	Repository *source;

	progress_report("copying", NULL, 0, 0);
	source = open_source(job);
	return json_pack("{s:i}", "count", copy_wal(source, open_target(job, source)));
}

/*
 * Verifies a backup, or a copy, for the server.
 */
#include "command/job.h"

#include "command/verify_note.h"
#include "process.h"
#include "protocol.h"

json_t *
job_verify(json_t *job)
{
	const char *id = job_backup_id(job);
	NotedVerification verification = {
		.depth = job_depth(job),
		.jobs = (int) job_integer(job, "jobs", 1),
		.is_copy = job_is_about_copy(job)
	};
	Repository *repository;

	progress_report("verifying", NULL, 0, 0);
	repository = verification.is_copy ? job_copied_repository(job) : job_owned_repository(job);
	if (verification.is_copy)
		copy_require(repository, id);
	verification.repository = repository;
	verification.backup = backup_load(repository, id);
	verification.pg_restore = program_path(job_bindir(job), "pg_restore");
	verify_and_note(&verification);
	return json_pack("{s:s}", "depth", verify_depth_name(verification.depth));
}

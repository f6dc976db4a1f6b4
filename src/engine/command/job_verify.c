/*
 * Verifies a backup, and stores in the repository what was found.
 */
#include "command/job.h"

#include "isolated.h"
#include "process.h"
#include "protocol.h"
#include "repository/backup_folder.h"

/* A verification in a process of its own. */
typedef struct VerifyStep
{
	Repository *repository;
	const Backup *backup;
	VerifyDepth depth;
	const char *pg_restore;
	int			jobs;
	bool		is_copy;
} VerifyStep;

static void
verify_step(void *context)
{
	VerifyStep *step = context;

	backup_verify(step->repository, step->backup, step->depth, step->pg_restore, step->jobs);
}

/*
 * Fails (FAILURE_GONE) unless a copy is there, whatever its state.
 */
static void
require_copy(Repository *repository, const char *id)
{
	switch (backup_folder_state(repository, id))
	{
		case FOLDER_PUBLISHED:
		case FOLDER_MANIFEST_LOST:
			return;
		case FOLDER_DELETING:
			fail(FAILURE_GONE, NULL, "backup \"%s\" is being deleted in repository \"%s\"",
				 id, repository->store->url);
		default:
			fail(FAILURE_GONE, NULL, "backup \"%s\" is not in repository \"%s\"",
				 id, repository->store->url);
	}
}

/*
 * Stores what was found.  Fails if the backup was deleted meanwhile.
 */
static void
store_finding(const VerifyStep *step, EventKind kind, const char *value)
{
	Event		event = {
		.kind = kind,
		.at_ms = time_now_ms(),
		.key = kind == EVENT_FAILED ?
		unconstify(char *, verify_depth_name(step->depth)) : NULL,
		.value = unconstify(char *, value)
	};

	/* Without its objects it looks damaged, but nobody is to be told so. */
	if (step->is_copy)
		require_copy(step->repository, step->backup->manifest->id);
	(void) backup_load(step->repository, step->backup->manifest->id);
	backup_add_event(step->repository, step->backup->manifest->id,
					 step->backup, &event);
}

/*
 * Is a verification that of a copy?
 */
static bool
is_about_copy(json_t *job)
{
	return json_is_true(json_object_get(job, "copy"));
}

void
job_verify_backup(json_t *job, Repository *repository, const Backup *backup,
				  VerifyDepth depth)
{
	VerifyStep	step = {
		.repository = repository,
		.backup = backup,
		.depth = depth,
		.pg_restore = program_path(job_bindir(job), "pg_restore"),
		.jobs = (int) job_integer(job, "jobs", 1),
		.is_copy = is_about_copy(job)
	};
	Failure		problem;

	if (!isolated_run(verify_step, &step, &problem))
	{
		/* That it could not be verified says nothing of the backup. */
		if (problem.kind == FAILURE_DAMAGED)
			store_finding(&step, EVENT_FAILED, problem.message);
		fail_with(&problem);
	}
	store_finding(&step, EVENT_VERIFIED, verify_depth_name(depth));
}

json_t *
job_verify(json_t *job)
{
	const char *id = job_backup_id(job);
	VerifyDepth depth = job_depth(job);
	Repository *repository;

	progress_report("verifying", NULL, 0, 0);
	repository = is_about_copy(job) ? job_copied_repository(job) : job_owned_repository(job);
	if (is_about_copy(job))
		require_copy(repository, id);
	job_verify_backup(job, repository, backup_load(repository, id), depth);
	return json_pack("{s:s}", "depth", verify_depth_name(depth));
}

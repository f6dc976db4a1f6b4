/*
 * Tells the server how much room there is in the repository, and the repository
 * that its owner is alive.
 *
 * Otherwise it only looks: a repository that is not there, as when its disk is not
 * mounted, must not be created anew by that.
 */
#include "command/job.h"

#include "isolated.h"
#include "repository/owner.h"
#include "repository/secrets.h"

/* Whose life is to be told. */
typedef struct Renewal
{
	Repository *repository;
	const char *data_directory;
} Renewal;

static void
renew_step(void *context)
{
	const Renewal *renewal = context;

	owner_renew(renewal->repository, renewal->data_directory);
}

/*
 * Tells the repository that its owner is alive.  Where that cannot be written,
 * as on a disk that is full, there is still something to be seen.
 */
static void
renew(json_t *job, Repository *repository)
{
	Renewal		renewal = {
		.repository = repository,
		.data_directory = job_required_text(json_object_get(job, "server"), "data_directory")
	};
	Failure		problem;

	if (!isolated_run(renew_step, &renewal, &problem))
		notice("debug", problem.hint, "could not renew the ownership of the repository: %s",
			   problem.message);
}

json_t *
job_measure(json_t *job)
{
	Repository *repository;

	secrets_load(job_text(job, "secrets_file"));
	repository = repository_open(job_required_text(job, "repository"),
								 job_required_text(job, "cluster"), NULL);
	job_send_space(repository);
	renew(job, repository);
	return json_object();
}

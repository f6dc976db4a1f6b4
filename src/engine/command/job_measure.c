/*
 * Tells the server how much room there is in the repository.
 *
 * It only looks: a repository that is not there, as when its disk is not
 * mounted, must not be created anew by that.
 */
#include "command/job.h"

json_t *
job_measure(json_t *job)
{
	job_send_space(repository_open(job_required_text(job, "repository"),
								   job_required_text(job, "cluster"), NULL));
	return json_object();
}

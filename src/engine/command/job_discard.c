/*
 * Removes what is left of a backup that was not finished.
 */
#include "command/job.h"

json_t *
job_discard(json_t *job)
{
	backup_discard(job_owned_repository(job), job_backup_id(job));
	return json_object();
}

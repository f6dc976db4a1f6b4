/*
 * Notes something about a backup: a pin, its end, or an annotation.
 */
#include "command/job.h"

#include "repository/backup_folder.h"

/*
 * A copy of a text of the job that may be missing.
 */
static char *
copy_text(json_t *job, const char *key)
{
	const char *value = job_text(job, key);

	return value == NULL ? NULL : pg_strdup(value);
}

json_t *
job_event(json_t *job)
{
	const char *word = job_required_text(job, "kind");
	Event		event = {.at_ms = time_now_ms()};
	Repository *repository;
	Backup	   *backup;

	/* The others are results of our own work. */
	if (!event_kind_parse(word, &event.kind) || event.kind > EVENT_ANNOTATE)
		fail(FAILURE_USAGE, "Valid kinds are \"pin\", \"unpin\" and \"annotate\".",
			 "cannot note an event of kind \"%s\"", word);
	if (event.kind == EVENT_ANNOTATE)
	{
		(void) job_required_text(job, "key");
		(void) job_required_text(job, "value");
	}
	event.key = copy_text(job, "key");
	event.value = copy_text(job, "value");
	repository = job_owned_repository(job);
	backup = backup_load(repository, job_backup_id(job));
	backup_add_event(repository, backup->manifest->id, backup, &event);

	/* Whoever deletes looks for pins afterwards, as we look for that. */
	if (backup_folder_state(repository, backup->manifest->id) != FOLDER_PUBLISHED)
		fail(FAILURE_UNDEFINED, NULL, "backup \"%s\" is being deleted",
			 backup->manifest->id);
	return json_object();
}

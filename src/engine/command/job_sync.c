/*
 * Tells the server which backups the repository has.
 */
#include "command/job.h"

#include "protocol.h"

/*
 * What can be said of a backup that could not be read.
 */
static json_t *
damaged_to_json(const BackupEntry *entry)
{
	BackupType	type;

	if (!backup_id_parse(entry->id, NULL, &type))
		fail(FAILURE_INTERNAL, NULL, "\"%s\" is not the identifier of a backup", entry->id);
	return json_pack("{s:s, s:s, s:s, s:o}",
					 "id", entry->id,
					 "type", backup_type_name(type),
					 "status", "damaged",
					 "error", json_text(entry->problem.message));
}

json_t *
job_sync(json_t *job)
{
	Repository *repository = job_repository(job);
	int			count;
	BackupEntry *entries = repository_load_all(repository, &count);

	job_send_space(repository, NULL);
	for (int i = 0; i < count; i++)
		job_send_backup(entries[i].backup != NULL ? backup_to_json(entries[i].backup) :
						damaged_to_json(&entries[i]));
	return json_pack("{s:i}", "count", count);
}

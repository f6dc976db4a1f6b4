/*
 * Reading all backups of a cluster, the damaged ones too.
 *
 * Each backup is read and checked in a child process, whose failure is what
 * is wrong with that backup.  The child hands the texts that passed over in
 * memory, so that nothing can change between the check and the use.
 */
#include "postgres_fe.h"

#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "isolated.h"
#include "repository/backup_texts.h"

/* What a child is told. */
typedef struct ReadStep
{
	Repository *repository;
	const char *id;
	int			fd;				/* the texts go here */
} ReadStep;

/*
 * Reads a backup, and hands over its texts if they are right.
 */
static void
read_and_check(void *context)
{
	ReadStep   *step = context;
	BackupTexts texts = backup_texts_read(step->repository, step->id);
	Backup	   *backup = backup_texts_parse(step->repository, &texts);
	json_t	   *events = json_array();
	json_t	   *json;

	for (int i = 0; i < texts.event_count; i++)
		json_array_append_new(events, json_pack("{s:s, s:s}",
												"name", texts.events[i].name,
												"content", texts.events[i].content));
	json = json_pack("{s:s, s:s, s:s, s:o}",
					 "manifest_name", texts.manifest_name,
					 "manifest", texts.manifest,
					 "data_key", backup->data_key,
					 "events", events);
	if (json == NULL || json_dumpfd(json, step->fd, JSON_COMPACT) != 0)
		fail(FAILURE_INTERNAL, NULL, "could not hand over backup \"%s\"",
			 step->id);
}

/*
 * The backup that a child handed over.
 */
static Backup *
take_over(int fd, const char *id)
{
	BackupTexts texts = {.id = id};
	json_t	   *json;
	json_t	   *events;
	const char *data_key;
	Backup	   *backup;

	if (lseek(fd, 0, SEEK_SET) != 0)
		fail_errno("could not take over backup \"%s\"", id);
	json = json_loadfd(fd, 0, NULL);
	if (json_unpack(json, "{s:s, s:s, s:s, s:o}",
					"manifest_name", &texts.manifest_name,
					"manifest", &texts.manifest,
					"data_key", &data_key, "events", &events) != 0)
		fail(FAILURE_INTERNAL, NULL, "could not take over backup \"%s\"", id);
	texts.event_count = json_array_size(events);
	texts.events = pg_malloc0((texts.event_count + 1) * sizeof(EventText));
	for (int i = 0; i < texts.event_count; i++)
		json_unpack(json_array_get(events, i), "{s:s, s:s}",
					"name", &texts.events[i].name,
					"content", &texts.events[i].content);
	backup = backup_texts_parse_unlocked(&texts, data_key);
	pg_free(texts.events);
	json_decref(json);
	return backup;
}

BackupEntry
repository_load_entry(Repository *repository, const char *id)
{
	BackupEntry entry = {0};
	ReadStep	step = {.repository = repository, .id = id};

	strlcpy(entry.id, id, BACKUP_ID_SIZE);
	step.fd = memfd_create("backup", MFD_CLOEXEC);
	if (step.fd < 0)
		fail_errno("could not allocate memory for backup \"%s\"", id);
	if (isolated_run(read_and_check, &step, &entry.problem))
		entry.backup = take_over(step.fd, id);
	close(step.fd);
	return entry;
}

BackupEntry *
repository_load_all(Repository *repository, int *count)
{
	int			id_count;
	char	  **ids = repository_backup_ids(repository, &id_count);
	BackupEntry *entries = pg_malloc0((id_count + 1) * sizeof(BackupEntry));

	*count = 0;
	cluster_keys_prepare(repository->store, repository->prefix,
						 repository->master_key);
	for (int i = 0; i < id_count; i++)
	{
		entries[*count] = repository_load_entry(repository, ids[i]);

		/* One that was deleted meanwhile is not damaged. */
		if (entries[*count].backup != NULL ||
			entries[*count].problem.kind != FAILURE_UNDEFINED)
			*count += 1;
		pg_free(ids[i]);
	}
	pg_free(ids);
	return entries;
}

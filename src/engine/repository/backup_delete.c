/*
 * Deleting a backup.
 *
 * What marks the deletion is the first object to be made and the last to be
 * removed: as long as anything else is there, everybody sees that the backup
 * does not exist any more.  It is an event; on a full disk, where none can be
 * stored, the manifest gets another name instead.
 */
#include "postgres_fe.h"

#include "repository/backup_delete.h"
#include "repository/record.h"

/* In which order the objects of a backup go. */
typedef enum Stage
{
	STAGE_OBJECTS,
	STAGE_EVENTS,
	STAGE_MANIFEST,
	STAGE_DELETING
} Stage;

/*
 * When does an object go that has this name below the backup's folder?
 */
static Stage
stage_of(const char *name)
{
	if (is_deletion_mark(name))
		return STAGE_DELETING;
	if (strcmp(name, MANIFEST_NAME) == 0)
		return STAGE_MANIFEST;
	return strncmp(name, EVENT_FOLDER, strlen(EVENT_FOLDER)) == 0 ?
		STAGE_EVENTS : STAGE_OBJECTS;
}

/*
 * Removes what goes until a stage.  Everything in the folder goes, whoever put
 * it there: what stayed would look like a backup that lost its manifest.
 */
static void
remove_until(Repository *repository, const char *backup_id, Stage last)
{
	StoreListing listing = backup_objects(repository, backup_id);
	char	   *folder = backup_object_name(repository, backup_id, "");
	char	  **names = pg_malloc((listing.count + 1) * sizeof(char *));
	int			count = 0;

	for (int i = 0; i < listing.count; i++)
	{
		if (stage_of(listing.objects[i].name + strlen(folder)) <= last)
			names[count++] = listing.objects[i].name;
	}
	store_remove_many(repository->store, names, count);
	pg_free(names);
	store_listing_free(&listing);
	pg_free(folder);
}

/*
 * The name of the object that marks the deletion; NULL if there is none.
 * Also counts the pins.
 */
static char *
find_mark(Repository *repository, const char *backup_id, int *pins)
{
	char	   *folder = backup_object_name(repository, backup_id, "");
	StoreListing listing = backup_objects(repository, backup_id);
	char	   *found = NULL;

	*pins = 0;
	for (int i = 0; i < listing.count; i++)
	{
		const char *name = listing.objects[i].name;
		const char *kind = strrchr(name, '-');

		if (found == NULL && is_deletion_mark(name + strlen(folder)))
			found = pg_strdup(name);
		else if (kind != NULL && strcmp(kind, "-pin.json") == 0)
			*pins += 1;
	}
	store_listing_free(&listing);
	pg_free(folder);
	return found;
}

/*
 * How many pins a backup had when it was read.
 */
static int
count_pins(const Backup *backup)
{
	int			pins = 0;

	for (int i = 0; i < backup->event_count; i++)
		pins += backup->events[i].kind == EVENT_PIN;
	return pins;
}

/*
 * Stores that a backup is being deleted.  Without its manifest nobody has its
 * key, and nothing but the name of the event counts.
 */
static void
store_event(Repository *repository, const char *backup_id, const Backup *backup,
			const char *rule)
{
	Event		event = {
		.kind = EVENT_DELETING,
		.at_ms = time_now_ms(),
		.value = unconstify(char *, rule)
	};

	backup_add_event(repository, backup_id,
					 backup == NULL ? "" : backup->data_key, &event);
}

/*
 * Gives one of the objects that say what a backup is the name of another.
 */
static bool
rename_object(Repository *repository, const char *backup_id, const char *from,
			  const char *to)
{
	return store_rename(repository->store,
						backup_object_name(repository, backup_id, from),
						backup_object_name(repository, backup_id, to));
}

/*
 * Marks that a backup is being deleted; without a rule, by what needs no
 * room.  One that lost its manifest never looks like a good one, and needs no
 * mark.
 */
static void
mark_deletion(Repository *repository, const BackupFolder *folder,
			  const Backup *backup, const char *rule)
{
	if (rule != NULL)
		store_event(repository, folder->id, backup, rule);
	else if (folder->state == FOLDER_PUBLISHED &&
			 !rename_object(repository, folder->id, MANIFEST_NAME, DELETING_NAME))
		fail(FAILURE_DISK_FULL, "Free some space there.",
			 "could not begin to delete backup \"%s\": repository \"%s\" is full",
			 folder->id, repository->store->url);
}

/*
 * Fails if objects of a backup may not be removed: then it is not marked, for
 * it would be hidden for ever, and there.  That of a writer means nothing
 * beside a manifest.
 */
static void
require_right(Repository *repository, const char *backup_id)
{
	char	   *name = backup_object_name(repository, backup_id, WRITER_NAME);

	store_remove(repository->store, name);
	pg_free(name);
}

/*
 * Begins the deletion of a backup.  False if it was pinned since it was read:
 * then it stays.
 */
static bool
begin_deletion(Repository *repository, const BackupFolder *folder,
			   const Backup *backup, const char *rule)
{
	int			pins;
	char	   *name;

	require_right(repository, folder->id);
	mark_deletion(repository, folder, backup, rule);

	/* Whoever pins looks for the mark afterwards, as we look for pins. */
	name = find_mark(repository, folder->id, &pins);
	if (backup == NULL || pins <= count_pins(backup) || name == NULL)
		return true;
	if (rule != NULL)
		store_remove(repository->store, name);
	else
		rename_object(repository, folder->id, DELETING_NAME, MANIFEST_NAME);
	return false;
}

void
backup_delete(Repository *repository, const BackupFolder *folder,
			  const Backup *backup, const char *rule)
{
	FolderState state = backup_folder_state(repository, folder->id);
	char	   *prefix;

	if (state != FOLDER_DELETING && state != folder->state)
		return;
	if (state == FOLDER_UNFINISHED)
	{
		backup_discard(repository, folder->id);
		return;
	}
	if (state != FOLDER_DELETING &&
		!begin_deletion(repository, folder, backup, rule))
		return;
	prefix = backup_object_name(repository, folder->id, "");
	store_sweep(repository->store, prefix);
	for (int stage = STAGE_OBJECTS; stage <= STAGE_DELETING; stage++)
		remove_until(repository, folder->id, (Stage) stage);
	pg_free(prefix);
}

char *
backup_deletion_rule(Repository *repository, const char *backup_id)
{
	int			pins;
	char	   *name = find_mark(repository, backup_id, &pins);
	char	   *content = NULL;
	json_t	   *json = NULL;
	const char *value;
	char	   *rule = NULL;

	/* A manifest may be large, and has no rule. */
	if (name != NULL && strcmp(strrchr(name, '/') + 1, DELETING_NAME) != 0)
		content = store_get_text(repository->store, name, RECORD_LIMIT);
	if (content != NULL)
		json = record_parse(content);
	value = json_string_value(json_object_get(json, "value"));
	if (value != NULL)
		rule = pg_strdup(value);
	json_decref(json);
	pg_free(content);
	pg_free(name);
	return rule;
}

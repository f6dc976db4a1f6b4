/*
 * Copying a backup from one repository to another.
 *
 * As where a backup is made, the folder is taken first and the manifest comes
 * last.  Nothing is decoded, so that no key is needed.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "isolated.h"
#include "repository/sealing.h"
#include "repository/backup_copy.h"
#include "repository/backup_folder.h"
#include "repository/record.h"

/*
 * Reads the manifest and the events; with the key they are authenticated.
 */
static void
read_source(BackupCopy *copy)
{
	Repository *source = copy->source;
	Backup	   *backup;

	copy->manifest = backup_texts_parse_unproven(source, &copy->texts);
	copy->authenticated = copy->manifest->key_id[0] == '\0' || source->master_key != NULL;
	if (!copy->authenticated)
	{
		notice("warning", "Verify it where the key is.",
			   "backup \"%s\" is copied without its key: its objects are compared with the manifest, which cannot be authenticated",
			   copy->texts.id);
		return;
	}
	backup = backup_texts_parse(source, &copy->texts);
	explicit_bzero(backup->data_key, sizeof(backup->data_key));
}

/*
 * Copies the keys.  FAILURE_DAMAGED if the backup could not be opened with
 * those that the target has then.
 */
static void
copy_keys(const BackupCopy *copy)
{
	const Repository *target = copy->target;
	const char *key = copy->manifest->key_id;

	if (key[0] == '\0')
		return;
	cluster_keys_copy(copy->source->store, target->store, target->prefix);
	if (copy->manifest->sealed ? !seal_exists(target->store, target->prefix, key) :
		!cluster_has_key(target->store, target->prefix, key))
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" names key \"%s\", which is not under \"%s%s/\" in \"%s\"",
			 copy->texts.manifest_name, key, target->prefix,
			 copy->manifest->sealed ? "seal" : "key", copy->source->store->url);
}

/*
 * Has the target the backup already?  Another one of its name is a failure.
 */
static bool
is_copied(const BackupCopy *copy)
{
	Store	   *store = copy->target->store;
	char	   *manifest;
	bool		is_same;

	if (backup_folder_state(copy->target, copy->texts.id) != FOLDER_PUBLISHED)
		return false;
	manifest = store_get_text(store, copy->texts.manifest_name, MANIFEST_LIMIT);
	if (manifest == NULL)
		return false;
	is_same = strcmp(manifest, copy->texts.manifest) == 0;
	pg_free(manifest);
	if (!is_same)
		fail(FAILURE_DUPLICATE,
			 "Verify the one there. If it is damaged, remove its folder and copy the backup again.",
			 "object \"%s\" in repository \"%s\" is not the one in \"%s\"",
			 copy->texts.manifest_name, store->url, copy->source->store->url);
	return true;
}

/*
 * The number of the object with that name, below the backup's folder, and with
 * the size that the manifest says; -1 if there is none.
 */
static int
find_object(const Manifest *manifest, const char *name, int64 size)
{
	for (int i = 0; i < manifest->object_count; i++)
	{
		if (strcmp(manifest->objects[i].name, name) == 0)
			return manifest->objects[i].stored_size == size ? i : -1;
	}
	return -1;
}

/*
 * Takes stock of what an unfinished copy has left, and removes what cannot be
 * part of the backup.
 */
static void
take_stock(BackupCopy *copy)
{
	const Manifest *manifest = copy->manifest;
	StoreListing listing = backup_objects(copy->target, manifest->id);
	char	   *folder = backup_object_name(copy->target, manifest->id, "");

	copy->is_there = pg_malloc0(manifest->object_count + 1);
	for (int i = 0; i < listing.count; i++)
	{
		const char *name = listing.objects[i].name + strlen(folder);
		int			object = find_object(manifest, name, listing.objects[i].size);

		if (object >= 0)
			copy->is_there[object] = true;
		else if (strcmp(name, WRITER_NAME) != 0)
			store_remove(copy->target->store, listing.objects[i].name);
	}
	store_listing_free(&listing);
	pg_free(folder);
}

BackupCopy *
backup_copy_begin(Repository *source, Repository *target, const char *backup_id)
{
	BackupCopy *copy = pg_malloc0(sizeof(BackupCopy));

	copy->source = source;
	copy->target = target;
	copy->texts = backup_texts_read(source, backup_id);
	read_source(copy);
	copy_keys(copy);
	if (is_copied(copy))
		return copy;
	copy->writer = backup_begin_copy(target, copy->manifest);
	take_stock(copy);
	return copy;
}

void
backup_copy_object(BackupCopy *copy, int object, int64 *done)
{
	const ManifestObject *described = &copy->manifest->objects[object];
	char	   *name;
	Sink	   *put;

	if (copy->is_there[object])
	{
		*done += described->stored_size;
		return;
	}
	name = backup_object_name(copy->target, copy->manifest->id, described->name);
	put = store_put(copy->target->store, name, PUT_NEW);
	object_read_stored(copy->source, copy->manifest->id, described, put, done);
	sink_release(put);
	pg_free(name);
}

/* An object to be compared with the manifest in a process of its own. */
typedef struct CheckStep
{
	const BackupCopy *copy;
	const ManifestObject *object;
	int64	   *done;
} CheckStep;

static void
check_step(void *context)
{
	CheckStep  *step = context;

	object_verify_digest(step->copy->target, step->copy->manifest->id,
						 step->object, true, step->done, NULL);
}

void
backup_copy_check(BackupCopy *copy, int object, int64 *done)
{
	const ManifestObject *described = &copy->manifest->objects[object];
	CheckStep	step = {copy, described, done};
	char	   *name;
	Failure		problem;

	if (isolated_run(check_step, &step, &problem))
		return;
	if (problem.kind != FAILURE_DAMAGED)
		fail_with(&problem);
	name = backup_object_name(copy->target, copy->manifest->id, described->name);
	store_remove(copy->target->store, name);
	fail(FAILURE_IO, "Copy the backup again; what was read back well stays there.",
		 "could not copy object \"%s\": repository \"%s\" gave back something else",
		 name, copy->target->store->url);
}

/*
 * Does an event go with the backup to this copy?
 */
static bool
is_to_be_copied(const BackupCopy *copy, const char *name)
{
	EventKind	kind;

	if (!event_name_kind(name, &kind) || kind == EVENT_DELETING)
		return false;
	return copy->writer != NULL ||
		(kind != EVENT_VERIFIED && kind != EVENT_FAILED);
}

/*
 * Copies the events that the target lacks.
 */
static void
copy_events(const BackupCopy *copy)
{
	const BackupTexts *texts = &copy->texts;
	Store	   *store = copy->target->store;

	for (int i = 0; i < texts->event_count; i++)
	{
		const EventText *event = &texts->events[i];
		char	   *there;

		if (!is_to_be_copied(copy, event->name))
			continue;
		there = store_get_text(store, event->name, RECORD_LIMIT);
		if (there == NULL)
			store_put_text(store, event->name, event->content, PUT_NEW);
		pg_free(there);
	}
}

void
backup_copy_finish(BackupCopy *copy)
{
	copy_events(copy);
	if (copy->writer != NULL)
	{
		backup_publish_copy(copy->writer, copy->texts.manifest);
		return;
	}

	/* Who deletes it may not have seen a pin that came with the events. */
	if (backup_folder_state(copy->target, copy->texts.id) != FOLDER_PUBLISHED)
		fail(FAILURE_STATE, "Copy it again when that is done.",
			 "backup \"%s\" is being deleted in repository \"%s\"",
			 copy->texts.id, copy->target->store->url);
}

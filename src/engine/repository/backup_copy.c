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

/* The manifest of a copy, to be read in a process of its own. */
typedef struct ManifestStep
{
	Repository *repository;
	BackupTexts texts;			/* without events */
} ManifestStep;

static void
manifest_step(void *context)
{
	ManifestStep *step = context;

	(void) backup_texts_parse(step->repository, &step->texts);
}

/*
 * Is what the target has as the manifest damaged, so that the source's may
 * take its place?  Only one that was authenticated does.
 */
static bool
is_replaceable(const BackupCopy *copy, char *manifest)
{
	ManifestStep step = {
		.repository = copy->target,
		.texts = {
			.id = copy->texts.id,
			.manifest_name = copy->texts.manifest_name,
			.manifest = manifest
		}
	};
	Failure		problem;

	return copy->mends && copy->authenticated &&
		!isolated_run(manifest_step, &step, &problem) &&
		problem.kind == FAILURE_DAMAGED;
}

/*
 * Has the target the backup already?  Another one of its name is a failure.
 */
static bool
is_copied(BackupCopy *copy)
{
	Store	   *store = copy->target->store;
	char	   *manifest;

	if (backup_folder_state(copy->target, copy->texts.id) != FOLDER_PUBLISHED)
		return false;
	store_forget(store, copy->texts.manifest_name);
	manifest = store_get_text(store, copy->texts.manifest_name, MANIFEST_LIMIT);
	if (manifest == NULL)
		return false;
	if (strcmp(manifest, copy->texts.manifest) != 0)
		copy->manifest_is_damaged = is_replaceable(copy, manifest);
	if (strcmp(manifest, copy->texts.manifest) != 0 && !copy->manifest_is_damaged)
		fail(FAILURE_DUPLICATE,
			 "Verify the one there. If it is damaged, remove its folder and copy the backup again.",
			 "object \"%s\" in repository \"%s\" is not the one in \"%s\"",
			 copy->texts.manifest_name, store->url, copy->source->store->url);
	pg_free(manifest);
	return true;
}

/*
 * The number of the object with that name, below the backup's folder; -1 if
 * there is none.
 */
static int
find_object(const Manifest *manifest, const char *name)
{
	for (int i = 0; i < manifest->object_count; i++)
	{
		if (strcmp(manifest->objects[i].name, name) == 0)
			return i;
	}
	return -1;
}

/*
 * Is an object, by its name below the backup's folder, one that the manifest
 * does not name, but which is there with reason?
 */
static bool
is_record(const BackupCopy *copy, const char *name)
{
	return strcmp(name, WRITER_NAME) == 0 ||
		(copy->writer == NULL && (strcmp(name, MANIFEST_NAME) == 0 ||
								  strncmp(name, EVENT_FOLDER, strlen(EVENT_FOLDER)) == 0));
}

/*
 * Fails because a copy could not be mended.
 */
static void
fail_to_mend(const BackupCopy *copy, const Failure *problem)
{
	const char *place = problem->kind != FAILURE_DAMAGED ? "" :
		psprintf("in repository \"%s\", ", copy->source->store->url);
	Failure		failure = *problem;

	if (problem->kind == FAILURE_PERMISSION)
		failure.hint = "What is damaged can be neither replaced nor removed there. Allow that, or wait until what forbids it, as a lock, has ended; then copy the backup again.";
	failure.message = psprintf("could not mend backup \"%s\" in repository \"%s\": %s%s",
							   copy->texts.id, copy->target->store->url, place, problem->message);
	fail_with(&failure);
}

/* What is not part of a backup, to be removed in a process of its own. */
typedef struct RemovalStep
{
	Store	   *store;
	const char *name;
} RemovalStep;

static void
removal_step(void *context)
{
	RemovalStep *step = context;

	store_remove(step->store, step->name);
}

void
backup_copy_remove(const BackupCopy *copy, const char *name)
{
	RemovalStep step = {copy->target->store, name};
	Failure		problem;

	if (!copy->mends)
		store_remove(step.store, name);
	else if (!isolated_run(removal_step, &step, &problem))
		fail_to_mend(copy, &problem);
}

/*
 * Takes stock of what an earlier copy has left, and removes what cannot be
 * part of the backup.  What is to be replaced in one that counts stays until
 * then.
 */
static void
take_stock(BackupCopy *copy)
{
	const Manifest *manifest = copy->manifest;
	StoreListing listing = backup_objects(copy->target, manifest->id);
	char	   *folder = backup_object_name(copy->target, manifest->id, "");

	for (int i = 0; i < listing.count; i++)
	{
		const StoreObject *found = &listing.objects[i];
		const char *name = found->name + strlen(folder);
		int			object = find_object(manifest, name);

		if (object >= 0 && found->size == manifest->objects[object].stored_size)
			copy->is_there[object] = true;
		else if (!is_record(copy, name) && (object < 0 || copy->writer != NULL))
			backup_copy_remove(copy, found->name);
	}
	store_listing_free(&listing);
	pg_free(folder);
}

BackupCopy *
backup_copy_begin(Repository *source, Repository *target, const char *backup_id,
				  bool mends)
{
	BackupCopy *copy = pg_malloc0(sizeof(BackupCopy));

	copy->source = source;
	copy->target = target;
	copy->mends = mends;
	copy->texts = backup_texts_read(source, backup_id);
	read_source(copy);
	copy_keys(copy);
	copy->is_there = pg_malloc0(copy->manifest->object_count + 1);
	if (!is_copied(copy))
		copy->writer = backup_begin_copy(target, copy->manifest);
	if (copy->writer != NULL || mends)
		take_stock(copy);
	return copy;
}

/* Something to be done to an object in a process of its own. */
typedef struct ObjectStep
{
	const BackupCopy *copy;
	const ManifestObject *object;
	int64	   *done;
} ObjectStep;

static void
check_step(void *context)
{
	ObjectStep *step = context;

	object_verify_digest(step->copy->target, step->copy->manifest->id,
						 step->object, true, step->done, NULL);
}

void
backup_copy_look(BackupCopy *copy, int object, int64 *done)
{
	ObjectStep	step = {copy, &copy->manifest->objects[object], done};

	if (copy->is_there[object])
		check_step(&step);
	else
		*done += step.object->stored_size;
}

/*
 * Reads an object from the source, compares it, and has the target take it.
 */
static void
store_step(void *context)
{
	ObjectStep *step = context;
	const BackupCopy *copy = step->copy;
	const char *id = copy->manifest->id;
	char	   *name = backup_object_name(copy->target, id, step->object->name);
	Sink	   *put = store_put(copy->target->store, name, copy->mends ? PUT_REPLACE : PUT_NEW);

	object_read_stored(copy->source, id, step->object, put, step->done);
	sink_release(put);
	pg_free(name);
}

void
backup_copy_object(BackupCopy *copy, int object, int64 *done)
{
	ObjectStep	step = {copy, &copy->manifest->objects[object], done};
	Failure		problem;

	if (copy->is_there[object])
		*done += step.object->stored_size;
	else if (!copy->mends)
		store_step(&step);
	else if (!isolated_run(store_step, &step, &problem))
		fail_to_mend(copy, &problem);
}

void
backup_copy_check(BackupCopy *copy, int object, int64 *done)
{
	const ManifestObject *described = &copy->manifest->objects[object];
	ObjectStep	step = {copy, described, done};
	char	   *name;
	Failure		problem;

	if (copy->mends && copy->is_there[object])
	{
		*done += described->stored_size;
		return;
	}
	if (isolated_run(check_step, &step, &problem))
		return;
	if (problem.kind != FAILURE_DAMAGED)
		fail_with(&problem);
	name = backup_object_name(copy->target, copy->manifest->id, described->name);
	if (copy->writer != NULL)
		store_remove(copy->target->store, name);
	fail(FAILURE_IO, "Copy the backup again; what was read back well stays there.",
		 "could not copy object \"%s\": repository \"%s\" gave back something else",
		 name, copy->target->store->url);
}

void
backup_copy_require_published(const BackupCopy *copy)
{
	const Manifest *manifest = copy->manifest;

	if (backup_folder_state(copy->target, manifest->id) == FOLDER_PUBLISHED)
		return;
	for (int i = 0; copy->mends && i < manifest->object_count; i++)
	{
		if (!copy->is_there[i])
			store_remove(copy->target->store,
						 backup_object_name(copy->target, manifest->id,
											manifest->objects[i].name));
	}
	fail(FAILURE_STATE, "Copy it again when that is done.",
		 "backup \"%s\" is being deleted in repository \"%s\"",
		 copy->texts.id, copy->target->store->url);
}

/*
 * Puts the source's manifest in the place of one that is damaged.
 */
static void
replace_manifest(const BackupCopy *copy)
{
	Store	   *store = copy->target->store;
	const char *name = copy->texts.manifest_name;
	char	   *stored;

	store_put_text(store, name, copy->texts.manifest, PUT_REPLACE);
	store_forget(store, name);
	stored = store_get_text(store, name, MANIFEST_LIMIT);
	if (stored == NULL || strcmp(stored, copy->texts.manifest) != 0)
		fail(FAILURE_IO, "Copy the backup again.",
			 "could not copy object \"%s\": repository \"%s\" gave back something else",
			 name, store->url);
	pg_free(stored);
}

void
backup_copy_finish(BackupCopy *copy)
{
	backup_copy_events(copy);
	if (copy->writer != NULL)
	{
		backup_publish_copy(copy->writer, copy->texts.manifest);
		return;
	}
	/* Who deletes it may not have seen a pin that came with the events. */
	backup_copy_require_published(copy);
	backup_copy_mend_events(copy);
	if (copy->manifest_is_damaged)
		replace_manifest(copy);
}

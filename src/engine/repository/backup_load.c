/*
 * Reading what there is to know of a backup: its manifest and its events.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "repository/backup_folder.h"
#include "repository/backup_texts.h"
#include "repository/record.h"

/* What is needed to open the data key of a manifest. */
typedef struct Lock
{
	Repository *repository;
	const char *manifest_name;
} Lock;

/*
 * Fails because a backup has no manifest, or does not count any more; says
 * why as far as the other objects in its folder tell.
 */
static void
fail_by_state(Repository *repository, const char *backup_id, FolderState state)
{
	switch (state)
	{
		case FOLDER_DELETING:
			fail(FAILURE_UNDEFINED, NULL, "backup \"%s\" is being deleted",
				 backup_id);
		case FOLDER_UNFINISHED:
			fail(FAILURE_UNDEFINED, NULL, "backup \"%s\" is not finished",
				 backup_id);
		case FOLDER_MANIFEST_LOST:
			fail(FAILURE_DAMAGED,
				 "Take the object from another copy of the repository.",
				 "object \"%s\" is missing",
				 backup_object_name(repository, backup_id, MANIFEST_NAME));
		default:
			fail(FAILURE_UNDEFINED, "The list shows the backups that there are.",
				 "backup \"%s\" does not exist in repository \"%s\"",
				 backup_id, repository->store->url);
	}
}

/*
 * Is this the name of an event, whose kind may be one that only later
 * versions know?  Such events are none of ours.
 */
static bool
is_known_event(const char *name)
{
	const char *hyphen = strrchr(name, '-');
	const char *dot = strrchr(name, '.');
	EventKind	kind;

	return hyphen == NULL || dot == NULL || dot < hyphen ||
		event_name_kind(name, &kind);
}

/*
 * Reads the texts of a backup's events.
 */
static void
read_events(Repository *repository, BackupTexts *texts)
{
	char	   *folder = backup_object_name(repository, texts->id, EVENT_FOLDER);
	StoreListing listing = store_list(repository->store, folder);

	texts->events = pg_malloc0((listing.count + 1) * sizeof(EventText));
	for (int i = 0; i < listing.count; i++)
	{
		const char *name = listing.objects[i].name;
		EventText  *event = &texts->events[texts->event_count];

		if (!is_known_event(name))
			continue;
		event->content = store_get_text(repository->store, name, RECORD_LIMIT);
		if (event->content == NULL)
			continue;			/* removed meanwhile */
		event->name = pg_strdup(name);
		texts->event_count++;
	}
	store_listing_free(&listing);
	pg_free(folder);
}

BackupTexts
backup_texts_read(Repository *repository, const char *backup_id)
{
	BackupTexts texts = {.id = backup_id};
	FolderState state;

	if (!backup_id_parse(backup_id, NULL, NULL))
		fail(FAILURE_UNDEFINED,
			 "It is made of the time in UTC and the type, as \"20261122T180000Z-full\".",
			 "\"%s\" is not the identifier of a backup", backup_id);
	state = backup_folder_state(repository, backup_id);
	if (state != FOLDER_PUBLISHED)
		fail_by_state(repository, backup_id, state);

	texts.manifest_name = backup_object_name(repository, backup_id, MANIFEST_NAME);
	texts.manifest = store_get_text(repository->store, texts.manifest_name,
									MANIFEST_LIMIT);
	if (texts.manifest == NULL)
		fail_by_state(repository, backup_id,
					  backup_folder_state(repository, backup_id));
	read_events(repository, &texts);
	return texts;
}

/*
 * Unwraps the data key of a manifest with the cluster key that it names.
 */
static void
unlock(void *context, const char *cluster_key_id, const WrappedKey *wrapped,
	   char data_key[KEY_HEX_SIZE])
{
	const Lock *lock = context;
	Repository *repository = lock->repository;
	ClusterKey	cluster_key;

	cluster_key = cluster_key_open(repository->store, repository->prefix,
								   cluster_key_id, repository->master_key,
								   lock->manifest_name);
	if (!key_unwrap(wrapped, cluster_key.key, data_key))
		fail(FAILURE_DAMAGED, NULL,
			 "manifest \"%s\" is damaged: the cluster key does not open its data key",
			 lock->manifest_name);
	OPENSSL_cleanse(&cluster_key, sizeof(cluster_key));
}

/*
 * Gives the data key that is known already.
 */
static void
unlock_known(void *context, const char *cluster_key_id,
			 const WrappedKey *wrapped, char data_key[KEY_HEX_SIZE])
{
	strlcpy(data_key, (const char *) context, KEY_HEX_SIZE);
}

/*
 * Parses the texts of a backup with a way to its data key.
 */
static Backup *
parse_texts(const BackupTexts *texts, DataKeyUnlocker unlocker, void *context)
{
	Backup	   *backup = pg_malloc0(sizeof(Backup));

	backup->manifest = manifest_parse(texts->manifest, texts->manifest_name,
									  texts->id, unlocker, context,
									  backup->data_key);
	backup->events = pg_malloc0((texts->event_count + 1) * sizeof(Event));
	for (int i = 0; i < texts->event_count; i++)
		backup->events[i] = event_parse(texts->events[i].content,
										texts->events[i].name, texts->id,
										backup->data_key);
	backup->event_count = texts->event_count;
	return backup;
}

/*
 * Fails if a manifest is that of another server.
 */
static void
require_own(const Repository *repository, const BackupTexts *texts,
			const Manifest *manifest)
{
	if (strcmp(manifest->system_identifier, repository->system_identifier) != 0)
		fail(FAILURE_DAMAGED, NULL,
			 "manifest \"%s\" is of another server: its system identifier is %s, not %s",
			 texts->manifest_name, manifest->system_identifier,
			 repository->system_identifier);
}

Backup *
backup_texts_parse(Repository *repository, const BackupTexts *texts)
{
	Lock		lock = {repository, texts->manifest_name};
	Backup	   *backup = parse_texts(texts, unlock, &lock);

	require_own(repository, texts, backup->manifest);
	return backup;
}

Manifest *
backup_texts_parse_unproven(Repository *repository, const BackupTexts *texts)
{
	char		data_key[KEY_HEX_SIZE];
	Manifest   *manifest = manifest_parse(texts->manifest, texts->manifest_name,
										  texts->id, NULL, NULL, data_key);

	require_own(repository, texts, manifest);
	return manifest;
}

Backup *
backup_texts_parse_unlocked(const BackupTexts *texts, const char *data_key)
{
	return parse_texts(texts, unlock_known, unconstify(char *, data_key));
}

Backup *
backup_load(Repository *repository, const char *backup_id)
{
	BackupTexts texts = backup_texts_read(repository, backup_id);

	return backup_texts_parse(repository, &texts);
}

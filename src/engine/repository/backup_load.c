/*
 * Reading what there is to know of a backup: its manifest and its events.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "repository/backup_folder.h"
#include "repository/backup_texts.h"
#include "repository/record.h"
#include "repository/sealing.h"

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
 * The seal that a manifest names; fails if it is not there.
 */
static const Seal *
require_seal(Repository *repository, const char *id, const char *manifest_name)
{
	const Seal *seal = seal_read(repository->store, repository->prefix, id);

	if (seal == NULL)
		fail(FAILURE_DAMAGED,
			 "Take the object from another copy of the repository.",
			 "object \"%s\" names seal \"%s\", which is not under \"%sseal/\"",
			 manifest_name, id, repository->prefix);
	return seal;
}

/*
 * Unwraps the data key of a manifest with the cluster key that it names, or
 * that of a sealed one with the private key, if that is here.
 */
static void
unlock(void *context, const char *cluster_key_id, const WrappedKey *wrapped,
	   char data_key[KEY_HEX_SIZE])
{
	const Lock *lock = context;
	Repository *repository = lock->repository;
	ClusterKey	cluster_key;

	if (wrapped->iterations == 0)
	{
		if (!seal_unwrap(require_seal(repository, cluster_key_id, lock->manifest_name),
						 wrapped->wrapped, lock->manifest_name, data_key))
			data_key[0] = '\0';
		return;
	}
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
 * Parses the manifest of a backup with a way to its data key.
 */
static Backup *
parse_manifest(const BackupTexts *texts, DataKeyUnlocker unlocker, void *context)
{
	Backup	   *backup = pg_malloc0(sizeof(Backup));

	backup->manifest = manifest_parse(texts->manifest, texts->manifest_name,
									  texts->id, unlocker, context,
									  backup->data_key);
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

/*
 * Parses the events of a backup.  Those of a sealed one are signed by a server,
 * or authenticated by the data key where somebody had the private key.
 */
static void
parse_events(const BackupTexts *texts, Backup *backup)
{
	backup->events = pg_malloc0((texts->event_count + 1) * sizeof(Event));
	for (int i = 0; i < texts->event_count; i++)
	{
		const EventText *event = &texts->events[i];

		if (backup->manifest->sealed && record_is_signed(event->content))
			backup->events[i] = event_parse_signed(event->content, event->name, texts->id);
		else
			backup->events[i] = event_parse(event->content, event->name, texts->id,
											backup->data_key);
	}
	backup->event_count = texts->event_count;
}

/*
 * Can an event of a sealed backup be judged here?  One that a stranger signed
 * counts for nothing; one with a wrong signature is left to be found damaged.
 */
static bool
is_judged(Repository *repository, const Backup *backup, const EventText *event)
{
	char		signer[KEY_HEX_SIZE];

	if (!record_is_signed(event->content))
		return backup->data_key[0] != '\0';
	return !event_signer(event->content, signer) ||
		signer_is_known(repository->store, repository->prefix, signer);
}

/*
 * Takes the events of a sealed backup away that cannot be judged here.
 */
static void
drop_strange_events(Repository *repository, const Backup *backup, BackupTexts *texts)
{
	int			kept = 0;

	for (int i = 0; i < texts->event_count; i++)
	{
		if (is_judged(repository, backup, &texts->events[i]))
			texts->events[kept++] = texts->events[i];
	}
	texts->event_count = kept;
}

/*
 * Fails unless a sealed backup was signed by the server whose seal it names.
 */
static void
check_signer(Repository *repository, const Backup *backup, const char *manifest_name)
{
	const Seal *seal = require_seal(repository, backup->manifest->key_id, manifest_name);

	if (strcmp(seal->signer, backup->manifest->signer) != 0)
		fail(FAILURE_DAMAGED, NULL,
			 "manifest \"%s\" is damaged: it is not signed by the server whose seal it names",
			 manifest_name);
}

Backup *
backup_texts_parse(Repository *repository, BackupTexts *texts)
{
	Lock		lock = {repository, texts->manifest_name};
	Backup	   *backup = parse_manifest(texts, unlock, &lock);

	require_own(repository, texts, backup->manifest);
	if (backup->manifest->sealed)
	{
		check_signer(repository, backup, texts->manifest_name);
		drop_strange_events(repository, backup, texts);
	}
	parse_events(texts, backup);
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
	Backup	   *backup = parse_manifest(texts, unlock_known, unconstify(char *, data_key));

	parse_events(texts, backup);
	return backup;
}

Backup *
backup_load(Repository *repository, const char *backup_id)
{
	BackupTexts texts = backup_texts_read(repository, backup_id);

	return backup_texts_parse(repository, &texts);
}

/*
 * Making a backup: its folder is taken first, its manifest is written last.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "isolated.h"
#include "repository/backup_folder.h"
#include "repository/record.h"
#include "repository/sealing.h"

/* After so many milliseconds the object that says who writes is renewed. */
#define RENEWAL_INTERVAL_MS (60 * 1000)

/* A folder of another machine's that nobody touched for so long is left. */
#define ABANDONED_S (24 * 60 * 60)

/*
 * What the object says that tells who writes; allocated.
 */
static char *
claim_text(const char *backup_id)
{
	char		host[256] = "";
	char		started_at[TIME_TEXT_SIZE];
	json_t	   *json;
	char	   *printed;
	char	   *content;

	gethostname(host, sizeof(host) - 1);
	time_format(time_now_ms(), started_at);
	json = json_pack("{s:s, s:s, s:i, s:s}", "backup", backup_id,
					 "host", host, "pid", (int) getpid(),
					 "started_at", started_at);
	printed = json_dumps(json, JSON_INDENT(2));
	if (printed == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not print the JSON of a writer");
	content = psprintf("%s\n", printed);
	free(printed);
	json_decref(json);
	return content;
}

/*
 * Stores the object that says who writes.
 */
static void
store_claim(const BackupWriter *writer, PutMode mode)
{
	Repository *repository = writer->repository;
	char	   *name = backup_object_name(repository, writer->manifest->id, WRITER_NAME);

	store_put_text(repository->store, name, writer->claim, mode);
	pg_free(name);
}

/*
 * Takes the folder of a backup, which only one process can do, by the object
 * that says who writes there.
 */
static void
take_folder(BackupWriter *writer)
{
	writer->claim = claim_text(writer->manifest->id);
	store_claim(writer, PUT_NEW);
	writer->claimed_ms = clock_ms();
}

static void
renew_step(void *writer)
{
	store_claim(writer, PUT_REPLACE);
}

void
backup_renew(BackupWriter *writer)
{
	Failure		problem;

	if (clock_ms() - writer->claimed_ms < RENEWAL_INTERVAL_MS)
		return;
	(void) isolated_run(renew_step, writer, &problem);
	writer->claimed_ms = clock_ms();
}

/*
 * Removes the object that says who writes.  Beside a manifest it means nothing
 * and may stay, where nothing can be removed.
 */
static void
leave_folder(Repository *repository, const char *backup_id)
{
	char	   *name = backup_object_name(repository, backup_id, WRITER_NAME);

	store_tidy(repository->store, &name, 1);
	pg_free(name);
}

/*
 * Wraps the data key for the holder of the private key.
 */
static void
seal_data_key(BackupWriter *writer)
{
	Manifest   *manifest = writer->manifest;
	const Seal *seal = seal_current(writer->repository->store, writer->repository->prefix);

	manifest->sealed = true;
	manifest->data_key.wrapped = seal_wrap(writer->data_key);
	strlcpy(manifest->key_id, seal->id, KEY_ID_SIZE);
	strlcpy(manifest->signer, seal->signer, KEY_HEX_SIZE);
}

/*
 * Makes the data key of a backup, and wraps it for the manifest.
 */
static void
make_data_key(BackupWriter *writer)
{
	Repository *repository = writer->repository;
	Manifest   *manifest = writer->manifest;
	ClusterKey	cluster_key;

	key_generate(writer->data_key);
	if (sealing_is_on())
	{
		seal_data_key(writer);
		return;
	}
	cluster_key = cluster_key_current(repository->store, repository->prefix,
									  repository->master_key, true);
	strlcpy(manifest->key_id, cluster_key.id, KEY_ID_SIZE);
	manifest->data_key = key_wrap(writer->data_key, cluster_key.key,
								  RANDOM_KEY_ITERATIONS);
	OPENSSL_cleanse(&cluster_key, sizeof(cluster_key));
}

BackupWriter *
backup_prepare(Repository *repository, Manifest *manifest, int workers)
{
	BackupWriter *writer = pg_malloc0(sizeof(BackupWriter));

	writer->repository = repository;
	writer->manifest = manifest;
	writer->workers = workers;
	if (manifest->cipher != CIPHER_NONE)
		make_data_key(writer);
	return writer;
}

void
backup_begin(BackupWriter *writer)
{
	Repository *repository = writer->repository;
	const Manifest *manifest = writer->manifest;

	take_folder(writer);

	/* A backup that is finished does not hold its folder any more. */
	if (backup_folder_state(repository, manifest->id) != FOLDER_UNFINISHED)
	{
		leave_folder(repository, manifest->id);
		fail(FAILURE_DUPLICATE, NULL,
			 "backup \"%s\" already exists in repository \"%s\"",
			 manifest->id, repository->store->url);
	}
}

/*
 * Is the writer of an unfinished backup gone for good?
 */
static bool
is_abandoned(Repository *repository, const char *backup_id)
{
	char	   *folder = backup_object_name(repository, backup_id, "");
	StoreListing listing = store_list(repository->store, folder);
	WriterState state = backup_writer_state(repository, backup_id);
	time_t		newest = 0;

	for (int i = 0; i < listing.count; i++)
		newest = Max(newest, listing.objects[i].modified);
	store_listing_free(&listing);
	pg_free(folder);

	/* In a container, the next process may well get the number of the last. */
	return state == WRITER_GONE || state == WRITER_IS_THIS ||
		(state == WRITER_UNKNOWN && time(NULL) - newest > ABANDONED_S);
}

/*
 * Takes the folder of a backup over from a writer that is gone, and removes
 * what that one has left of unfinished objects.
 */
static void
take_folder_over(BackupWriter *writer)
{
	Repository *repository = writer->repository;
	const char *id = writer->manifest->id;
	char	   *folder = backup_object_name(repository, id, "");

	if (!is_abandoned(repository, id))
		fail(FAILURE_STATE, "Try again when it is finished.",
			 "another process writes backup \"%s\" in repository \"%s\"",
			 id, repository->store->url);
	writer->claim = claim_text(id);
	store_claim(writer, PUT_REPLACE);
	writer->claimed_ms = clock_ms();
	store_sweep(repository->store, folder);
	pg_free(folder);
}

BackupWriter *
backup_begin_copy(Repository *repository, Manifest *manifest)
{
	BackupWriter *writer = pg_malloc0(sizeof(BackupWriter));

	writer->repository = repository;
	writer->manifest = manifest;
	if (backup_folder_state(repository, manifest->id) == FOLDER_UNFINISHED)
		take_folder_over(writer);
	else
		take_folder(writer);
	switch (backup_folder_state(repository, manifest->id))
	{
		case FOLDER_UNFINISHED:
			return writer;
		case FOLDER_DELETING:
			leave_folder(repository, manifest->id);
			fail(FAILURE_STATE, "Copy it again when that is done.",
				 "backup \"%s\" is being deleted in repository \"%s\"",
				 manifest->id, repository->store->url);
		default:
			leave_folder(repository, manifest->id);
			fail(FAILURE_DUPLICATE, NULL,
				 "backup \"%s\" already exists in repository \"%s\"",
				 manifest->id, repository->store->url);
	}
}

ObjectWriter *
object_begin_framed(BackupWriter *writer, ObjectKind kind, const char *name)
{
	const Manifest *manifest = writer->manifest;
	ObjectWriter *object = pg_malloc0(sizeof(ObjectWriter));
	char	   *store_name;
	Sink	   *chain;

	object->object.kind = kind;
	object->object.name = psprintf("%s%s%s", name,
								   compression_suffix(manifest->compression.method),
								   cipher_suffix(manifest->cipher));
	store_name = backup_object_name(writer->repository, manifest->id,
									object->object.name);
	chain = store_put(writer->repository->store, store_name, PUT_NEW);
	chain = digest_sink(chain, &object->stored);
	object->chain = encrypt_sink(chain, manifest->cipher, writer->data_key);
	pg_free(store_name);
	return object;
}

ObjectWriter *
object_begin(BackupWriter *writer, ObjectKind kind, const char *name,
			 const char *database)
{
	ObjectWriter *object = object_begin_framed(writer, kind, name);

	object->object.database = database == NULL ? NULL : pg_strdup(database);
	object->chain = compress_sink(object->chain, &writer->manifest->compression,
								  writer->workers, true);
	object->chain = count_sink(object->chain, &object->size);
	return object;
}

ManifestObject *
object_finish(BackupWriter *writer, ObjectWriter *object)
{
	Manifest   *manifest = writer->manifest;
	ManifestObject *entry;

	sink_finish(object->chain);
	sink_release(object->chain);
	object->object.size = object->size;
	object->object.stored_size = object->stored.size;
	strlcpy(object->object.sha256, object->stored.sha256, SHA256_HEX_SIZE);

	entry = manifest_add_object(manifest, &object->object);
	pg_free(object);
	return entry;
}

/*
 * Gives the data key of the backup that is being made.
 */
static void
unlock_own(void *context, const char *cluster_key_id,
		   const WrappedKey *wrapped, char data_key[KEY_HEX_SIZE])
{
	const BackupWriter *writer = context;

	strlcpy(data_key, writer->data_key, KEY_HEX_SIZE);
}

/*
 * The text of the manifest, of which it is certain that readers accept it.
 */
static char *
format_manifest(BackupWriter *writer, const char *name)
{
	Manifest   *manifest = writer->manifest;
	char		data_key[KEY_HEX_SIZE];
	char	   *content;

	/* The clock may have been set back meanwhile. */
	manifest->finished_ms = Max(manifest->finished_ms, manifest->started_ms);
	content = manifest->sealed ?
		manifest_format_signed(manifest, sealing_signing_key()) :
		manifest_format(manifest, writer->data_key);
	manifest_parse(content, name, manifest->id, unlock_own, writer, data_key);
	OPENSSL_cleanse(data_key, sizeof(data_key));
	return content;
}

void
backup_publish_copy(BackupWriter *writer, const char *content)
{
	Repository *repository = writer->repository;
	const char *id = writer->manifest->id;
	char	   *name = backup_object_name(repository, id, MANIFEST_NAME);
	char	   *stored;

	store_put_text(repository->store, name, content, PUT_NEW);
	store_forget(repository->store, name);
	stored = store_get_text(repository->store, name, MANIFEST_LIMIT);
	if (stored == NULL || strcmp(stored, content) != 0)
	{
		store_remove(repository->store, name);
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: it was read back as something else",
			 name);
	}
	leave_folder(repository, id);
	pg_free(stored);
	pg_free(name);
}

void
backup_publish(BackupWriter *writer)
{
	char	   *name = backup_object_name(writer->repository, writer->manifest->id,
										  MANIFEST_NAME);
	char	   *content = format_manifest(writer, name);

	backup_publish_copy(writer, content);
	pg_free(content);
	pg_free(name);
}

/*
 * Fails unless a backup is one that can be discarded.  What a writer that died
 * at the very end left beside the manifest of a finished one is removed.
 */
static void
check_discardable(Repository *repository, const char *backup_id,
				  const StoreListing *listing, const char *manifest)
{
	for (int i = 0; i < listing->count; i++)
	{
		if (strcmp(listing->objects[i].name, manifest) != 0)
			continue;
		leave_folder(repository, backup_id);
		fail(FAILURE_STATE, NULL,
			 "cannot discard backup \"%s\", because it is finished",
			 backup_id);
	}
}

/*
 * Removes everything in a backup's folder, the writer's object last: a folder
 * without it would count as one that lost something.
 */
static void
remove_objects(Repository *repository, const StoreListing *listing,
			   const char *writer)
{
	char	  **names = pg_malloc((listing->count + 1) * sizeof(char *));
	int			count = 0;

	for (int i = 0; i < listing->count; i++)
	{
		if (strcmp(listing->objects[i].name, writer) != 0)
			names[count++] = listing->objects[i].name;
	}
	store_remove_many(repository->store, names, count);
	store_remove(repository->store, writer);
	pg_free(names);
}

void
backup_discard(Repository *repository, const char *backup_id)
{
	StoreListing listing;
	char	   *folder;
	char	   *manifest;
	char	   *writer;

	if (!backup_id_parse(backup_id, NULL, NULL))
		fail(FAILURE_UNDEFINED, NULL,
			 "\"%s\" is not the identifier of a backup", backup_id);
	listing = backup_objects(repository, backup_id);
	folder = backup_object_name(repository, backup_id, "");
	manifest = psprintf("%s%s", folder, MANIFEST_NAME);
	writer = psprintf("%s%s", folder, WRITER_NAME);

	check_discardable(repository, backup_id, &listing, manifest);
	store_sweep(repository->store, folder);
	remove_objects(repository, &listing, writer);
	store_listing_free(&listing);
	pg_free(writer);
	pg_free(manifest);
	pg_free(folder);
}

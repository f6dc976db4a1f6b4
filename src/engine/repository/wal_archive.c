/*
 * The WAL archive of a repository: its keys, and what is in it.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "repository/wal_archive.h"

#define NAME_PURPOSE "erpgo_backup wal name"
#define PASSPHRASE_PURPOSE "erpgo_backup wal"

WalArchive *
wal_archive_open(Repository *repository)
{
	WalArchive *archive = pg_malloc0(sizeof(WalArchive));

	archive->repository = repository;
	return archive;
}

/*
 * Keeps a key; without a cluster key it is the one of objects that are not
 * encrypted.
 */
static WalKey *
add_key(WalArchive *archive, const ClusterKey *cluster_key)
{
	WalKey	   *key = pg_malloc0(sizeof(WalKey));

	if (cluster_key != NULL)
	{
		size_t		len = strlen(cluster_key->key);

		strlcpy(key->id, cluster_key->id, sizeof(key->id));
		hmac_sha256_hex(cluster_key->key, len, NAME_PURPOSE,
						strlen(NAME_PURPOSE), key->name_key);
		hmac_sha256_hex(cluster_key->key, len, PASSPHRASE_PURPOSE,
						strlen(PASSPHRASE_PURPOSE), key->passphrase);
	}
	key->next = archive->keys;
	archive->keys = key;
	return key;
}

/*
 * Keeps the key of a seal, whose name key takes the place of a cluster key.
 */
static const WalKey *
add_sealed_key(WalArchive *archive, const Seal *seal)
{
	ClusterKey	name_key;
	WalKey	   *key;

	strlcpy(name_key.id, seal->id, sizeof(name_key.id));
	seal_name_key(seal, name_key.key);
	key = add_key(archive, &name_key);
	key->seal = seal;
	OPENSSL_cleanse(&name_key, sizeof(name_key));
	return key;
}

const WalKey *
wal_key_open(WalArchive *archive, const char *id, const char *wanted_by)
{
	Repository *repository = archive->repository;
	ClusterKey	cluster_key;
	const WalKey *added;
	const Seal *seal;

	for (WalKey *key = archive->keys; key != NULL; key = key->next)
	{
		if (strcmp(key->id, id) == 0)
			return key;
	}
	if (id[0] == '\0')
		return add_key(archive, NULL);
	seal = seal_read(repository->store, repository->prefix, id);
	if (seal != NULL)
		return add_sealed_key(archive, seal);
	cluster_key = cluster_key_open(repository->store, repository->prefix, id,
								   repository->master_key, wanted_by);
	added = add_key(archive, &cluster_key);
	OPENSSL_cleanse(&cluster_key, sizeof(cluster_key));
	return added;
}

const WalKey *
wal_key_current(WalArchive *archive)
{
	Repository *repository = archive->repository;
	ClusterKey	cluster_key;

	if (archive->current == NULL && sealing_is_on())
		archive->current = add_sealed_key(archive, seal_current(repository->store,
																repository->prefix));
	if (archive->current == NULL)
	{
		cluster_key = cluster_key_current(repository->store, repository->prefix,
										  repository->master_key, true);
		archive->current = add_key(archive, &cluster_key);
		OPENSSL_cleanse(&cluster_key, sizeof(cluster_key));
	}
	return archive->current;
}

void
wal_proof(const WalArchive *archive, const WalKey *key, const char *file,
		  const char *of_what, const char *sha256, char proof[WAL_PROOF_SIZE])
{
	char	   *claim = psprintf("%s %s %s %s",
								 archive->repository->system_identifier, file,
								 of_what, sha256);
	char		whole[SHA256_HEX_SIZE];

	if (key->id[0] == '\0')
		sha256_hex(claim, strlen(claim), whole);
	else
		hmac_sha256_hex(key->name_key, strlen(key->name_key), claim,
						strlen(claim), whole);
	strlcpy(proof, whole, WAL_PROOF_SIZE);
	pg_free(claim);
}

/*
 * The part of an object's name after its last slash.
 */
static const char *
last_component(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? name : slash + 1;
}

WalEntry *
wal_archive_find(WalArchive *archive, const char *file, int *count)
{
	WalName		name;
	char		folder[WAL_FOLDER_SIZE];
	char	   *prefix;
	StoreListing listing;
	WalEntry   *entries;

	if (!wal_file_parse(file, &name))
		fail(FAILURE_USAGE, NULL, "\"%s\" is not the name of a file of WAL", file);
	wal_name_folder(&name, folder);
	prefix = psprintf("%swal/%s/%s-", archive->repository->prefix, folder, file);
	listing = store_list(archive->repository->store, prefix);
	entries = pg_malloc0((listing.count + 1) * sizeof(WalEntry));
	*count = 0;
	for (int i = 0; i < listing.count; i++)
	{
		WalEntry   *entry = &entries[*count];

		if (!wal_object_parse(last_component(listing.objects[i].name), &entry->object))
			continue;
		entry->object_name = pg_strdup(listing.objects[i].name);
		entry->modified = listing.objects[i].modified;
		(*count)++;
	}
	store_listing_free(&listing);
	pg_free(prefix);
	return entries;
}

WalFiles
wal_archive_files(Repository *repository)
{
	char	   *prefix = psprintf("%swal/", repository->prefix);
	WalFiles	all = {.listing = store_list(repository->store, prefix)};

	all.files = pg_malloc0((all.listing.count + 1) * sizeof(WalFile));
	for (int i = 0; i < all.listing.count; i++)
	{
		WalFile    *file = &all.files[all.count];
		WalObject	object;

		if (!wal_object_parse(last_component(all.listing.objects[i].name), &object))
			continue;
		file->name = object.name;
		strlcpy(file->file, object.file, sizeof(file->file));
		file->stored = &all.listing.objects[i];
		all.count++;
	}
	pg_free(prefix);
	return all;
}

WalName *
wal_archive_segments(WalArchive *archive, uint32 timeline, int *count)
{
	char	   *folder = psprintf("%swal/%08X/", archive->repository->prefix, timeline);
	StoreListing listing = store_list(archive->repository->store, folder);
	WalName    *segments = pg_malloc((listing.count + 1) * sizeof(WalName));

	*count = 0;
	for (int i = 0; i < listing.count; i++)
	{
		WalObject	object;

		if (wal_object_parse(last_component(listing.objects[i].name), &object) &&
			object.name.kind == WAL_SEGMENT && object.name.timeline == timeline)
			segments[(*count)++] = object.name;
	}
	store_listing_free(&listing);
	pg_free(folder);
	return segments;
}

bool
wal_archive_has_later(WalArchive *archive, const WalName *segment)
{
	int			count;
	WalName    *segments = wal_archive_segments(archive, segment->timeline, &count);
	bool		found = false;

	for (int i = 0; i < count && !found; i++)
		found = wal_segment_compare(&segments[i], segment) > 0;
	pg_free(segments);
	return found;
}

/*
 * The keys of a cluster, as objects of the repository.
 *
 * An object under "key/" is the cluster key wrapped by a master key.  A new
 * master key adds an object; none is ever changed.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "repository/key_object.h"
#include "repository/manifest.h"
#include "repository/master_key.h"
#include "repository/record.h"
#include "repository/sealing.h"
#include "repository/secrets.h"

/*
 * Does any key object hold the cluster key of this name?
 */
static bool
has_cluster_key(const KeyObjects *keys, const char *id)
{
	for (int i = 0; i < keys->count; i++)
	{
		if (strcmp(keys->objects[i].cluster_key, id) == 0)
			return true;
	}
	return false;
}

void
master_key_require(const char *master)
{
	if (master == NULL)
		fail(FAILURE_KEY,
			 "Set " SECRET_ENCRYPTION_KEY " in the secrets file.",
			 "no encryption key is given, but one is needed");
	if (strlen(master) > MASTER_KEY_LIMIT)
		fail(FAILURE_KEY, NULL, "the encryption key is longer than %d bytes",
			 MASTER_KEY_LIMIT);
}

void
cluster_key_fail_wrong(const char *prefix)
{
	fail(FAILURE_KEY,
		 "Check " SECRET_ENCRYPTION_KEY " in the secrets file: it must be the key that the repository was made with.",
		 "the encryption key does not open the keys under \"%skey/\"", prefix);
}

/*
 * Makes a new cluster key and stores it, wrapped.
 */
static ClusterKey
create_cluster_key(Store *store, const char *prefix, const char *master)
{
	ClusterKey	result = {0};
	NewWrapping wanted = {.key = &result, .created_ms = time_now_ms(), .master = master};
	char		wrapping[KEY_ID_SIZE];

	key_generate(result.key);
	key_id(result.key, result.id);
	key_object_store(store, prefix, &wanted, wrapping);
	return result;
}

ClusterKey
cluster_key_current(Store *store, const char *prefix, const char *master,
					bool create)
{
	KeyObjects	keys;
	ClusterKey	result;

	master_key_require(master);
	keys = key_objects_read(store, prefix);
	if (keys.count == 0 && create)
		result = create_cluster_key(store, prefix, master);
	else if (key_objects_open(&keys, NULL, master, &result) == NULL)
	{
		key_objects_require_undamaged(&keys);
		cluster_key_fail_wrong(prefix);
	}
	key_objects_free(&keys);
	return result;
}

ClusterKey
cluster_key_open(Store *store, const char *prefix, const char *id,
				 const char *master, const char *wanted_by)
{
	KeyObjects	keys;
	ClusterKey	result;

	master_key_require(master);
	keys = key_objects_read(store, prefix);
	if (key_objects_open(&keys, id, master, &result) == NULL)
	{
		key_objects_require_undamaged(&keys);
		if (!has_cluster_key(&keys, id))
			fail(FAILURE_DAMAGED,
				 "Take the objects that are missing there from another copy of the repository.",
				 "object \"%s\" names cluster key \"%s\", which is not under \"%skey/\"",
				 wanted_by, id, prefix);
		cluster_key_fail_wrong(prefix);
	}
	key_objects_free(&keys);
	return result;
}

void
cluster_keys_prepare(Store *store, const char *prefix, const char *master)
{
	KeyObjects	keys;
	ClusterKey	opened;

	if (master == NULL)
		return;
	keys = key_objects_read(store, prefix);
	for (int i = 0; i < keys.count; i++)
	{
		char		id[KEY_ID_SIZE];

		strlcpy(id, keys.objects[i].cluster_key, KEY_ID_SIZE);
		(void) key_objects_open(&keys, id, master, &opened);
	}
	OPENSSL_cleanse(&opened, sizeof(opened));
	key_objects_free(&keys);
}

bool
cluster_has_keys(Store *store, const char *prefix)
{
	char	   *folder = psprintf("%skey/", prefix);
	StoreListing listing = store_list(store, folder);
	bool		found = listing.count > 0;

	store_listing_free(&listing);
	pg_free(folder);
	return found;
}

bool
cluster_has_key(Store *store, const char *prefix, const char *id)
{
	KeyObjects	keys = key_objects_read(store, prefix);
	bool		found = has_cluster_key(&keys, id);

	key_objects_free(&keys);
	return found;
}

/*
 * Copies a key object.
 */
static void
copy_key_object(Store *from, Store *to, const KeyObject *object)
{
	char	   *content = object->damaged ? NULL :
		store_get_text(from, object->name, RECORD_LIMIT);

	if (content == NULL)
		notice("warning", "Take the object from another copy of the repository.",
			   "key object \"%s\" in \"%s\" is damaged, and not copied",
			   object->name, from->url);
	else
		record_store_once(to, object->name, content);
	pg_free(content);
}

void
cluster_keys_copy(Store *from, Store *to, const char *prefix)
{
	char	   *folder = psprintf("%skey/", prefix);
	KeyObjects	keys = key_objects_read(from, prefix);
	StoreListing copied = store_list(to, folder);

	for (int i = 0; i < keys.count; i++)
	{
		if (!store_listing_has(&copied, keys.objects[i].name))
			copy_key_object(from, to, &keys.objects[i]);
	}
	key_objects_free(&keys);
	store_listing_free(&copied);
	pg_free(folder);
	seals_copy(from, to, prefix);
}

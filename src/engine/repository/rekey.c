/*
 * Changing who can open a cluster's keys.
 *
 * The order is what makes it safe: a wrapping is removed only after another
 * one of the same cluster key was read back from the store and opened.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "repository/key_object.h"
#include "repository/manifest.h"
#include "repository/rekey.h"

/* A cluster key that the present master key opens. */
typedef struct OpenedKey
{
	ClusterKey	key;
	int64		created_ms;
} OpenedKey;

/* All of them, the newest first. */
typedef struct OpenedKeys
{
	OpenedKey  *keys;
	int			count;
	int			left;			/* cluster keys that it does not open */
} OpenedKeys;

static const char *const action_names[] = {
	[REKEY_ADDED] = "added",
	[REKEY_MADE] = "made",
	[REKEY_KEPT] = "kept",
	[REKEY_REMOVED] = "removed"
};

const char *
rekey_action_name(RekeyAction action)
{
	return action_names[action];
}

/*
 * Is this the first of the key objects that names its cluster key?
 */
static bool
is_first_of_key(const KeyObjects *keys, int index)
{
	for (int i = 0; i < index; i++)
	{
		if (strcmp(keys->objects[i].cluster_key, keys->objects[index].cluster_key) == 0)
			return false;
	}
	return true;
}

/*
 * Opens every cluster key that the present master key opens; fails if that is
 * none.
 */
static OpenedKeys
open_all(const Rekey *rekey, const KeyObjects *keys)
{
	OpenedKeys	opened = {.keys = pg_malloc0((keys->count + 1) * sizeof(OpenedKey))};

	for (int i = 0; i < keys->count; i++)
	{
		OpenedKey  *next = &opened.keys[opened.count];
		const KeyObject *found;

		if (keys->objects[i].damaged || !is_first_of_key(keys, i))
			continue;
		found = key_objects_open(keys, keys->objects[i].cluster_key, rekey->present, &next->key);
		if (found == NULL)
			opened.left++;
		else
		{
			next->created_ms = found->created_ms;
			opened.count++;
		}
	}
	if (opened.count == 0)
	{
		key_objects_require_undamaged(keys);
		cluster_key_fail_wrong(rekey->prefix);
	}
	return opened;
}

/*
 * Overwrites and frees what open_all returned.
 */
static void
forget_opened(OpenedKeys *opened)
{
	OPENSSL_cleanse(opened->keys, opened->count * sizeof(OpenedKey));
	pg_free(opened->keys);
}

/*
 * Reads the key objects as the store has them, not as a cache remembers them.
 */
static KeyObjects
read_back(const Rekey *rekey)
{
	char	   *folder = psprintf("%skey/", rekey->prefix);
	StoreListing listing = store_list(rekey->store, folder);

	for (int i = 0; i < listing.count; i++)
		store_forget(rekey->store, listing.objects[i].name);
	store_listing_free(&listing);
	pg_free(folder);
	return key_objects_read(rekey->store, rekey->prefix);
}

/*
 * Adds a wrapping of each cluster key by the other master key, where there is
 * none.  It counts as made when the cluster key was, so that which one is the
 * newest stays the same for whoever opens them.
 */
static void
add_wrappings(const Rekey *rekey, const KeyObjects *keys, const OpenedKeys *opened,
			  RekeyListener listener, void *context)
{
	for (int i = opened->count - 1; i >= 0; i--)
	{
		const OpenedKey *source = &opened->keys[i];
		const NewWrapping wanted = {&source->key, source->created_ms, rekey->added, rekey->label};
		const KeyObject *there;
		ClusterKey	same;
		char		wrapping[KEY_ID_SIZE] = "";

		there = key_objects_open(keys, source->key.id, rekey->added, &same);
		OPENSSL_cleanse(&same, sizeof(same));
		if (there == NULL && !rekey->dry_run)
			key_object_store(rekey->store, rekey->prefix, &wanted, wrapping);
		listener(context, there == NULL ? REKEY_ADDED : REKEY_KEPT, source->key.id,
				 there == NULL ? wrapping : key_object_wrapping(there));
	}
}

/*
 * Makes a cluster key for backups to come.  It is newer than all others
 * whatever the clock says.
 */
static void
make_cluster_key(const Rekey *rekey, const OpenedKeys *opened,
				 RekeyListener listener, void *context)
{
	int64		created_ms = Max(time_now_ms(), opened->keys[0].created_ms + 1);
	const char *masters[] = {rekey->retire ? NULL : rekey->present, rekey->added};
	ClusterKey	key;

	key_generate(key.key);
	key_id(key.key, key.id);
	for (int i = 0; i < lengthof(masters); i++)
	{
		const NewWrapping wanted = {
			&key, created_ms, masters[i], masters[i] == rekey->added ? rekey->label : NULL
		};
		char		wrapping[KEY_ID_SIZE] = "";

		if (masters[i] == NULL)
			continue;
		if (!rekey->dry_run)
			key_object_store(rekey->store, rekey->prefix, &wanted, wrapping);
		listener(context, REKEY_MADE, rekey->dry_run ? "" : key.id, wrapping);
	}
	OPENSSL_cleanse(&key, sizeof(key));
}

/*
 * Fails unless the other master key opens all that the present one opens, as
 * the store has it now.
 */
static void
require_all_open(const Rekey *rekey, const KeyObjects *keys, const OpenedKeys *opened)
{
	for (int i = 0; i < opened->count; i++)
	{
		ClusterKey	same;

		if (key_objects_open(keys, opened->keys[i].key.id, rekey->added, &same) == NULL ||
			strcmp(same.key, opened->keys[i].key.key) != 0)
			fail(FAILURE_DAMAGED, "Nothing was removed. Try again.",
				 "cluster key \"%s\" was wrapped, but is not opened by the new encryption key",
				 opened->keys[i].key.id);
		OPENSSL_cleanse(&same, sizeof(same));
	}
}

/*
 * Does the other master key open this cluster key, or would it?
 */
static bool
is_safe_to_remove(const Rekey *rekey, const KeyObjects *keys, const KeyObject *object)
{
	ClusterKey	key;
	bool		opens = key_objects_open(keys, object->cluster_key, rekey->added, &key) != NULL;

	OPENSSL_cleanse(&key, sizeof(key));
	return opens || rekey->dry_run;
}

/*
 * Removes the wrappings that the present master key opens.  One of a cluster
 * key that somebody else made meanwhile stays.
 */
static void
remove_wrappings(const Rekey *rekey, const KeyObjects *keys,
				 RekeyListener listener, void *context)
{
	for (int i = 0; i < keys->count; i++)
	{
		const KeyObject *object = &keys->objects[i];
		ClusterKey	key;

		if (!key_object_open(object, rekey->present, &key))
			continue;
		OPENSSL_cleanse(&key, sizeof(key));
		if (!is_safe_to_remove(rekey, keys, object))
			continue;
		if (!rekey->dry_run)
			store_remove(rekey->store, object->name);
		listener(context, REKEY_REMOVED, object->cluster_key, key_object_wrapping(object));
	}
}

void
rekey_run(const Rekey *rekey, RekeyListener listener, void *context, int *left)
{
	KeyObjects	keys = key_objects_read(rekey->store, rekey->prefix);
	OpenedKeys	opened = open_all(rekey, &keys);

	if (rekey->added != NULL)
		add_wrappings(rekey, &keys, &opened, listener, context);
	if (rekey->new_cluster_key)
		make_cluster_key(rekey, &opened, listener, context);
	key_objects_free(&keys);
	keys = read_back(rekey);
	if (rekey->added != NULL && !rekey->dry_run)
		require_all_open(rekey, &keys, &opened);
	if (rekey->retire)
		remove_wrappings(rekey, &keys, listener, context);
	*left = opened.left;
	forget_opened(&opened);
	key_objects_free(&keys);
}

/*
 * The key object with that name.
 */
static const KeyObject *
find_wrapping(const KeyObjects *keys, const char *wrapping)
{
	for (int i = 0; i < keys->count; i++)
	{
		if (strcmp(key_object_wrapping(&keys->objects[i]), wrapping) == 0)
			return &keys->objects[i];
	}
	fail(FAILURE_UNDEFINED, "The command \"erpgo_backup keys\" lists them.",
		 "there is no wrapping \"%s\"", wrapping);
}

/*
 * Does the present master key open another wrapping of the same cluster key?
 */
static bool
opens_another(const Rekey *rekey, const KeyObjects *keys, const KeyObject *object)
{
	for (int i = 0; i < keys->count; i++)
	{
		const KeyObject *other = &keys->objects[i];
		ClusterKey	key;
		bool		opens;

		if (other == object || strcmp(other->cluster_key, object->cluster_key) != 0)
			continue;
		opens = key_object_open(other, rekey->present, &key);
		OPENSSL_cleanse(&key, sizeof(key));
		if (opens)
			return true;
	}
	return false;
}

void
rekey_remove(const Rekey *rekey, const char *wrapping, RekeyListener listener,
			 void *context)
{
	KeyObjects	keys = read_back(rekey);
	const KeyObject *object = find_wrapping(&keys, wrapping);

	if (object->damaged)
		fail(FAILURE_DAMAGED, "Take the object from another copy of the repository.",
			 "cannot remove wrapping \"%s\": it is damaged, and may be the last one of its cluster key",
			 wrapping);
	if (!opens_another(rekey, &keys, object))
		fail(FAILURE_STATE, NULL,
			 "cannot remove wrapping \"%s\": the encryption key opens no other one of cluster key \"%s\"",
			 wrapping, object->cluster_key);
	if (!rekey->dry_run)
		store_remove(rekey->store, object->name);
	listener(context, REKEY_REMOVED, object->cluster_key, wrapping);
	key_objects_free(&keys);
}

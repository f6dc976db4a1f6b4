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

/* What is said of a wrapping that was only to be removed again, should it stay. */
#define TRIAL_LABEL "left by a rekey that was cut short, and may be removed"

/* A cluster key that one of the master keys opens. */
typedef struct OpenedKey
{
	ClusterKey	key;
	int64		created_ms;
	bool		by_present;
} OpenedKey;

/* All of them, the newest first. */
typedef struct OpenedKeys
{
	OpenedKey  *keys;
	int			count;
	RekeyFound	found;
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
 * Opens a cluster key with one of the master keys, the present one first.
 */
static bool
open_either(const Rekey *rekey, const KeyObjects *keys, const char *id, OpenedKey *opened)
{
	const KeyObject *object = key_objects_open(keys, id, rekey->present, &opened->key);

	opened->by_present = object != NULL;
	if (object == NULL && rekey->added != NULL)
		object = key_objects_open(keys, id, rekey->added, &opened->key);
	if (object == NULL)
		return false;
	opened->created_ms = object->created_ms;
	return true;
}

/*
 * Fails unless there is something that can be begun with.
 */
static void
require_opened(const Rekey *rekey, const KeyObjects *keys, const OpenedKeys *opened)
{
	if (opened->found.opened > 0 || (rekey->is_one_of_several && opened->count > 0))
		return;
	if (keys->count == 0 && rekey->is_one_of_several)
		fail(FAILURE_STATE,
			 "If nothing encrypted is to be there yet, leave the repository out of the list.",
			 "there is no encryption key under \"%skey/\"", rekey->prefix);
	key_objects_require_undamaged(keys);
	cluster_key_fail_wrong(rekey->prefix);
}

/*
 * Opens every cluster key that one of the master keys opens; fails if the
 * present one opens none.
 */
static OpenedKeys
open_all(const Rekey *rekey, const KeyObjects *keys)
{
	OpenedKeys	opened = {.keys = pg_malloc0((keys->count + 1) * sizeof(OpenedKey))};

	for (int i = 0; i < keys->count; i++)
	{
		OpenedKey  *next = &opened.keys[opened.count];

		if (keys->objects[i].damaged || !is_first_of_key(keys, i))
			continue;
		if (open_either(rekey, keys, keys->objects[i].cluster_key, next))
		{
			opened.count++;
			opened.found.opened += next->by_present;
			opened.found.newest_ms = Max(opened.found.newest_ms, next->created_ms);
		}
		else
			opened.found.left++;
	}
	require_opened(rekey, keys, &opened);
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
 * The wrapping of a cluster key by the other master key that another repository
 * has; NULL if none has.
 */
static const KeyText *
find_known(const Rekey *rekey, const char *cluster_key)
{
	for (int i = 0; i < rekey->known_count; i++)
	{
		if (strcmp(rekey->known[i].cluster_key, cluster_key) == 0)
			return &rekey->known[i];
	}
	return NULL;
}

/*
 * Stores a wrapping of a cluster key by the other master key.  It counts as
 * made when the cluster key was, so that which one is the newest stays the same
 * for whoever opens them.
 */
static void
store_wrapping(const Rekey *rekey, const OpenedKey *source, char wrapping[KEY_ID_SIZE])
{
	const NewWrapping wanted = {&source->key, source->created_ms, rekey->added, rekey->label};
	const KeyText *known = find_known(rekey, source->key.id);

	if (known == NULL)
		key_object_store(rekey->store, rekey->prefix, &wanted, wrapping);
	else
	{
		key_text_store(rekey->store, rekey->prefix, known);
		strlcpy(wrapping, known->wrapping, KEY_ID_SIZE);
	}
}

/*
 * Adds a wrapping of each cluster key by the other master key, where there is
 * none.
 */
static void
add_wrappings(const Rekey *rekey, const KeyObjects *keys, const OpenedKeys *opened,
			  RekeyListener listener, void *context)
{
	for (int i = opened->count - 1; i >= 0; i--)
	{
		const OpenedKey *source = &opened->keys[i];
		const KeyObject *there;
		ClusterKey	same;
		char		wrapping[KEY_ID_SIZE] = "";

		there = key_objects_open(keys, source->key.id, rekey->added, &same);
		OPENSSL_cleanse(&same, sizeof(same));
		if (there == NULL && !rekey->dry_run)
			store_wrapping(rekey, source, wrapping);
		listener(context, there == NULL ? REKEY_ADDED : REKEY_KEPT, source->key.id,
				 there == NULL ? wrapping : key_object_wrapping(there));
	}
}

/*
 * Stores one more wrapping by the other master key, and removes it: what would
 * keep the present one from being retired here is to be known before it is
 * retired elsewhere.
 */
static void
try_to_change(const Rekey *rekey, const OpenedKeys *opened)
{
	OpenedKey  *newest = &opened->keys[0];
	const NewWrapping wanted = {&newest->key, newest->created_ms, rekey->added, TRIAL_LABEL};
	char		wrapping[KEY_ID_SIZE];
	char	   *name;

	key_object_store(rekey->store, rekey->prefix, &wanted, wrapping);
	name = key_object_path(rekey->prefix, wrapping);
	store_remove(rekey->store, name);
	pg_free(name);
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

RekeyFound
rekey_add(const Rekey *rekey, RekeyListener listener, void *context)
{
	KeyObjects	keys = key_objects_read(rekey->store, rekey->prefix);
	OpenedKeys	opened = open_all(rekey, &keys);
	RekeyFound	found = opened.found;

	if (rekey->added != NULL)
		add_wrappings(rekey, &keys, &opened, listener, context);
	key_objects_free(&keys);
	keys = read_back(rekey);
	if (rekey->added != NULL && !rekey->dry_run)
		require_all_open(rekey, &keys, &opened);
	if (rekey->retire && rekey->is_one_of_several && !rekey->dry_run && found.opened > 0)
		try_to_change(rekey, &opened);
	forget_opened(&opened);
	key_objects_free(&keys);
	return found;
}

int
rekey_new_cluster_key(const Rekey *rekey, int64 newest_ms, KeyText made[REKEY_MASTERS])
{
	const char *masters[REKEY_MASTERS] = {rekey->retire ? NULL : rekey->present, rekey->added};
	NewWrapping wanted = {.created_ms = Max(time_now_ms(), newest_ms + 1)};
	ClusterKey	key;
	int			count = 0;

	key_generate(key.key);
	key_id(key.key, key.id);
	wanted.key = &key;
	for (int i = 0; i < REKEY_MASTERS; i++)
	{
		if (masters[i] == NULL)
			continue;
		wanted.master = masters[i];
		wanted.label = masters[i] == rekey->added ? rekey->label : NULL;
		made[count++] = key_text_wrap(&wanted);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return count;
}

/*
 * Fails unless a master key opens a cluster key.
 */
static void
require_open(const KeyObjects *keys, const char *id, const char *master)
{
	ClusterKey	key;

	if (key_objects_open(keys, id, master, &key) == NULL)
		fail(FAILURE_DAMAGED, "Nothing was removed. Try again.",
			 "the new cluster key \"%s\" was stored, but is not opened", id);
	OPENSSL_cleanse(&key, sizeof(key));
}

void
rekey_make(const Rekey *rekey, const KeyText *made, int count,
		   RekeyListener listener, void *context)
{
	KeyObjects	keys;

	for (int i = 0; i < count; i++)
	{
		if (!rekey->dry_run)
			key_text_store(rekey->store, rekey->prefix, &made[i]);
		listener(context, REKEY_MADE, rekey->dry_run ? "" : made[i].cluster_key,
				 rekey->dry_run ? "" : made[i].wrapping);
	}
	if (rekey->dry_run)
		return;
	keys = read_back(rekey);
	if (!rekey->retire)
		require_open(&keys, made[0].cluster_key, rekey->present);
	if (rekey->added != NULL)
		require_open(&keys, made[0].cluster_key, rekey->added);
	key_objects_free(&keys);
}

void
rekey_retire(const Rekey *rekey, RekeyListener listener, void *context)
{
	KeyObjects	keys = read_back(rekey);

	remove_wrappings(rekey, &keys, listener, context);
	key_objects_free(&keys);
}

/*
 * The key object with that name; NULL if there is none.
 */
static const KeyObject *
find_wrapping(const KeyObjects *keys, const char *wrapping)
{
	for (int i = 0; i < keys->count; i++)
	{
		if (strcmp(key_object_wrapping(&keys->objects[i]), wrapping) == 0)
			return &keys->objects[i];
	}
	return NULL;
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

bool
rekey_remove(const Rekey *rekey, const char *wrapping, RekeyListener listener,
			 void *context)
{
	KeyObjects	keys = read_back(rekey);
	const KeyObject *object = find_wrapping(&keys, wrapping);

	if (object == NULL)
	{
		key_objects_free(&keys);
		return false;
	}
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
	return true;
}

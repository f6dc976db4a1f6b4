/*
 * The keys of a cluster, as objects of the repository.
 *
 * An object under "key/" is the cluster key wrapped by a master key.  A new
 * master key adds an object; none is ever changed.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "failure.h"
#include "isolated.h"
#include "repository/manifest.h"
#include "repository/record.h"
#include "repository/secrets.h"

#define KEY_FORMAT 1
#define KEY_PURPOSE "key"

/* The command "openssl enc" reads no longer passphrase from a file. */
#define MASTER_KEY_LIMIT 1000

/* A wrapping of a cluster key. */
typedef struct KeyObject
{
	char	   *name;			/* of the object */
	bool		damaged;		/* then only the name is known */
	int64		created_ms;
	char		cluster_key[KEY_ID_SIZE];
	WrappedKey	wrapped;
} KeyObject;

typedef struct KeyObjects
{
	KeyObject  *objects;		/* the newest first */
	int			count;
} KeyObjects;

/*
 * Takes the fields of a key object from its JSON; false if they are not what
 * they should be.
 */
static bool
read_fields(json_t *record, KeyObject *object)
{
	json_int_t	format;
	const char *cluster_key;
	const char *created_at;

	if (json_unpack(record, "{s:I, s:s, s:s}",
					"format", &format, "cluster_key", &cluster_key,
					"created_at", &created_at) != 0)
		return false;
	if (format != KEY_FORMAT || !hex_is_valid(cluster_key, KEY_ID_SIZE - 1) ||
		!time_parse(created_at, &object->created_ms))
		return false;
	strlcpy(object->cluster_key, cluster_key, KEY_ID_SIZE);
	return record_get_wrapped_key(record, &object->wrapped);
}

/*
 * The text of a key object, allocated; NULL if it cannot be one.
 */
static char *
read_content(Store *store, const StoreObject *listed)
{
	char	   *content;
	size_t		len;
	Sink	   *memory;

	if (listed->size > RECORD_LIMIT)
		return NULL;
	memory = memory_sink(&content, &len, RECORD_LIMIT, listed->name);
	store_get(store, listed->name, memory);
	sink_finish(memory);
	sink_release(memory);
	if (strlen(content) == len)
		return content;
	pg_free(content);
	return NULL;
}

/*
 * Reads a key object; what is wrong with it is noted, not a failure, for
 * another one may do.
 */
static KeyObject
read_key_object(Store *store, const StoreObject *listed)
{
	KeyObject	object = {.name = pg_strdup(listed->name), .damaged = true};
	char	   *content = read_content(store, listed);
	json_t	   *record;

	if (content == NULL)
		return object;
	record = record_authenticate(content, NULL, KEY_PURPOSE);
	if (record != NULL)
		object.damaged = !read_fields(record, &object);
	json_decref(record);
	pg_free(content);
	return object;
}

/*
 * Orders key objects from the newest to the oldest.
 */
static int
compare_age(const void *a, const void *b)
{
	int64		left = ((const KeyObject *) a)->created_ms;
	int64		right = ((const KeyObject *) b)->created_ms;

	return left == right ? 0 : left > right ? -1 : 1;
}

/*
 * Reads all key objects of a cluster.
 */
static KeyObjects
read_key_objects(Store *store, const char *prefix)
{
	char	   *folder = psprintf("%skey/", prefix);
	StoreListing listing = store_list(store, folder);
	KeyObjects	keys = {.count = listing.count};

	keys.objects = pg_malloc0((listing.count + 1) * sizeof(KeyObject));
	for (int i = 0; i < listing.count; i++)
		keys.objects[i] = read_key_object(store, &listing.objects[i]);
	qsort(keys.objects, keys.count, sizeof(KeyObject), compare_age);
	store_listing_free(&listing);
	pg_free(folder);
	return keys;
}

/*
 * Gives back what read_key_objects returned.
 */
static void
free_key_objects(KeyObjects *keys)
{
	for (int i = 0; i < keys->count; i++)
	{
		pg_free(keys->objects[i].name);
		pg_free(keys->objects[i].wrapped.wrapped);
	}
	pg_free(keys->objects);
}

/*
 * Does the master key open this wrapping of a cluster key, and is it the key
 * that it says?
 */
static bool
open_key_object(const KeyObject *object, const char *master, ClusterKey *result)
{
	if (object->damaged ||
		!key_unwrap(&object->wrapped, master, result->key))
		return false;
	key_id(result->key, result->id);
	return strcmp(result->id, object->cluster_key) == 0;
}

/*
 * Opens the newest wrapping, of the cluster key with this name (NULL: of any),
 * that the master key opens; false if it opens none.
 */
static bool
open_newest(const KeyObjects *keys, const char *id, const char *master,
			ClusterKey *result)
{
	for (int i = 0; i < keys->count; i++)
	{
		if ((id == NULL || strcmp(keys->objects[i].cluster_key, id) == 0) &&
			open_key_object(&keys->objects[i], master, result))
			return true;
	}
	return false;
}

/*
 * Fails if a key object is damaged: it may be the one that is missing.
 */
static void
check_undamaged(const KeyObjects *keys)
{
	for (int i = 0; i < keys->count; i++)
	{
		if (keys->objects[i].damaged)
			fail(FAILURE_DAMAGED,
				 "Take the object from another copy of the repository.",
				 "key object \"%s\" is damaged", keys->objects[i].name);
	}
}

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

/*
 * Fails if there is no master key, or one that other tools could not use.
 */
static void
check_master_key(const char *master)
{
	if (master == NULL)
		fail(FAILURE_KEY,
			 "Set " SECRET_ENCRYPTION_KEY " in the secrets file.",
			 "no encryption key is given, but one is needed");
	if (strlen(master) > MASTER_KEY_LIMIT)
		fail(FAILURE_KEY, NULL, "the encryption key is longer than %d bytes",
			 MASTER_KEY_LIMIT);
}

/*
 * Fails because the master key fits nothing.
 */
static void
fail_wrong_key(const char *prefix)
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
	ClusterKey	result;
	WrappedKey	wrapped;
	char		wrapping_id[KEY_ID_SIZE];
	char		created_at[TIME_TEXT_SIZE];
	char	   *name;
	char	   *content;
	json_t	   *record;

	key_generate(result.key);
	key_id(result.key, result.id);
	wrapped = key_wrap(result.key, master, master_key_iterations(master));
	time_format(time_now_ms(), created_at);
	record = json_pack("{s:i, s:s, s:s}", "format", KEY_FORMAT,
					   "cluster_key", result.id, "created_at", created_at);
	record_set_wrapped_key(record, &wrapped);
	content = record_format(record, NULL, KEY_PURPOSE);

	random_hex(wrapping_id, KEY_ID_SIZE - 1);
	name = psprintf("%skey/%s.json", prefix, wrapping_id);
	store_put_text(store, name, content, PUT_NEW);
	pg_free(name);
	pg_free(content);
	pg_free(wrapped.wrapped);
	return result;
}

ClusterKey
cluster_key_current(Store *store, const char *prefix, const char *master,
					bool create)
{
	KeyObjects	keys;
	ClusterKey	result;

	check_master_key(master);
	keys = read_key_objects(store, prefix);
	if (keys.count == 0 && create)
		result = create_cluster_key(store, prefix, master);
	else if (!open_newest(&keys, NULL, master, &result))
	{
		check_undamaged(&keys);
		fail_wrong_key(prefix);
	}
	free_key_objects(&keys);
	return result;
}

ClusterKey
cluster_key_open(Store *store, const char *prefix, const char *id,
				 const char *master, const char *wanted_by)
{
	KeyObjects	keys;
	ClusterKey	result;

	check_master_key(master);
	keys = read_key_objects(store, prefix);
	if (!open_newest(&keys, id, master, &result))
	{
		check_undamaged(&keys);
		if (!has_cluster_key(&keys, id))
			fail(FAILURE_DAMAGED,
				 "Take the objects that are missing there from another copy of the repository.",
				 "object \"%s\" names cluster key \"%s\", which is not under \"%skey/\"",
				 wanted_by, id, prefix);
		fail_wrong_key(prefix);
	}
	free_key_objects(&keys);
	return result;
}

void
cluster_keys_prepare(Store *store, const char *prefix, const char *master)
{
	KeyObjects	keys;
	ClusterKey	opened;

	if (master == NULL)
		return;
	keys = read_key_objects(store, prefix);
	for (int i = 0; i < keys.count; i++)
	{
		char		id[KEY_ID_SIZE];

		strlcpy(id, keys.objects[i].cluster_key, KEY_ID_SIZE);
		open_newest(&keys, id, master, &opened);
	}
	OPENSSL_cleanse(&opened, sizeof(opened));
	free_key_objects(&keys);
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
	KeyObjects	keys = read_key_objects(store, prefix);
	bool		found = has_cluster_key(&keys, id);

	free_key_objects(&keys);
	return found;
}

/*
 * Does a listing have an object of this name?
 */
static bool
is_listed(const StoreListing *listing, const char *name)
{
	for (int i = 0; i < listing->count; i++)
	{
		if (strcmp(listing->objects[i].name, name) == 0)
			return true;
	}
	return false;
}

/* A key object that is stored in a process of its own. */
typedef struct KeyPut
{
	Store	   *store;
	const char *name;
	const char *content;
} KeyPut;

static void
put_step(void *context)
{
	KeyPut	   *put = context;

	store_put_text(put->store, put->name, put->content, PUT_NEW);
}

/*
 * Stores a key object, unless another process does at the same time.
 */
static void
put_key_object(Store *store, const char *name, const char *content)
{
	KeyPut		put = {store, name, content};
	Failure		problem;

	if (!isolated_run(put_step, &put, &problem) && problem.kind != FAILURE_DUPLICATE)
		fail_with(&problem);
}

/*
 * Copies a key object.
 */
static void
copy_key_object(Store *from, Store *to, const StoreObject *listed)
{
	KeyObject	object = read_key_object(from, listed);
	char	   *content = object.damaged ? NULL : read_content(from, listed);

	if (content == NULL)
		notice("warning", "Take the object from another copy of the repository.",
			   "key object \"%s\" in \"%s\" is damaged, and not copied",
			   listed->name, from->url);
	else
		put_key_object(to, listed->name, content);
	pg_free(content);
	pg_free(object.name);
	pg_free(object.wrapped.wrapped);
}

void
cluster_keys_copy(Store *from, Store *to, const char *prefix)
{
	char	   *folder = psprintf("%skey/", prefix);
	StoreListing listing = store_list(from, folder);
	StoreListing copied = store_list(to, folder);

	for (int i = 0; i < listing.count; i++)
	{
		if (!is_listed(&copied, listing.objects[i].name))
			copy_key_object(from, to, &listing.objects[i]);
	}
	store_listing_free(&listing);
	store_listing_free(&copied);
	pg_free(folder);
}

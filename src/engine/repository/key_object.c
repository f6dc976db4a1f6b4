/*
 * Reading and storing wrappings of cluster keys.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "repository/key_object.h"
#include "repository/record.h"

#define KEY_FORMAT 1
#define KEY_PURPOSE "key"
#define KEY_SUFFIX ".json"

/* What may be said of a master key. */
#define LABEL_LIMIT 200

/*
 * Takes what is only for people: when the key was wrapped, and for whom.  The
 * first writers did not note it.
 */
static void
read_remarks(json_t *record, KeyObject *object)
{
	const char *wrapped_at = json_string_value(json_object_get(record, "wrapped_at"));
	const char *label = json_string_value(json_object_get(record, "label"));

	if (wrapped_at == NULL || !time_parse(wrapped_at, &object->wrapped_ms))
		object->wrapped_ms = object->created_ms;
	if (label != NULL && strlen(label) <= LABEL_LIMIT)
		object->label = pg_strdup(label);
}

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
	read_remarks(record, object);
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

KeyObjects
key_objects_read(Store *store, const char *prefix)
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

void
key_objects_free(KeyObjects *keys)
{
	for (int i = 0; i < keys->count; i++)
	{
		pg_free(keys->objects[i].name);
		pg_free(keys->objects[i].label);
		pg_free(keys->objects[i].wrapped.wrapped);
	}
	pg_free(keys->objects);
}

bool
key_object_open(const KeyObject *object, const char *master, ClusterKey *result)
{
	if (object->damaged ||
		!key_unwrap(&object->wrapped, master, result->key))
		return false;
	key_id(result->key, result->id);
	return strcmp(result->id, object->cluster_key) == 0;
}

const KeyObject *
key_objects_open(const KeyObjects *keys, const char *id, const char *master,
				 ClusterKey *result)
{
	for (int i = 0; i < keys->count; i++)
	{
		if ((id == NULL || strcmp(keys->objects[i].cluster_key, id) == 0) &&
			key_object_open(&keys->objects[i], master, result))
			return &keys->objects[i];
	}
	return NULL;
}

void
key_objects_require_undamaged(const KeyObjects *keys)
{
	for (int i = 0; i < keys->count; i++)
	{
		if (keys->objects[i].damaged)
			fail(FAILURE_DAMAGED,
				 "Take the object from another copy of the repository.",
				 "key object \"%s\" is damaged", keys->objects[i].name);
	}
}

const char *
key_object_wrapping(const KeyObject *object)
{
	static char wrapping[KEY_ID_SIZE];
	const char *slash = strrchr(object->name, '/');

	strlcpy(wrapping, slash + 1, sizeof(wrapping));
	wrapping[strcspn(wrapping, ".")] = '\0';
	return wrapping;
}

/*
 * The text of a new key object; allocated.
 */
static char *
format_key_object(const NewWrapping *wanted)
{
	WrappedKey	wrapped = key_wrap(wanted->key->key, wanted->master,
								   master_key_iterations(wanted->master));
	char		created_at[TIME_TEXT_SIZE];
	char		wrapped_at[TIME_TEXT_SIZE];
	json_t	   *record;

	time_format(wanted->created_ms, created_at);
	time_format(time_now_ms(), wrapped_at);
	record = json_pack("{s:i, s:s, s:s, s:s}", "format", KEY_FORMAT,
					   "cluster_key", wanted->key->id, "created_at", created_at,
					   "wrapped_at", wrapped_at);
	if (wanted->label != NULL)
		json_object_set_new(record, "label", record_string(wanted->label, "label"));
	record_set_wrapped_key(record, &wrapped);
	pg_free(wrapped.wrapped);
	return record_format(record, NULL, KEY_PURPOSE);
}

char *
key_object_path(const char *prefix, const char *wrapping)
{
	return psprintf("%skey/%s" KEY_SUFFIX, prefix, wrapping);
}

KeyText
key_text_wrap(const NewWrapping *wanted)
{
	KeyText		stored;

	if (wanted->label != NULL && strlen(wanted->label) > LABEL_LIMIT)
		fail(FAILURE_USAGE, NULL, "a label is longer than %d bytes", LABEL_LIMIT);
	stored.content = format_key_object(wanted);
	strlcpy(stored.cluster_key, wanted->key->id, KEY_ID_SIZE);
	random_hex(stored.wrapping, KEY_ID_SIZE - 1);
	return stored;
}

void
key_text_store(Store *store, const char *prefix, const KeyText *stored)
{
	char	   *name = key_object_path(prefix, stored->wrapping);

	record_store_once(store, name, stored->content);
	pg_free(name);
}

void
key_object_store(Store *store, const char *prefix, const NewWrapping *wanted,
				 char wrapping[KEY_ID_SIZE])
{
	KeyText		stored = key_text_wrap(wanted);
	char	   *name = key_object_path(prefix, stored.wrapping);

	store_put_text(store, name, stored.content, PUT_NEW);
	strlcpy(wrapping, stored.wrapping, KEY_ID_SIZE);
	pg_free(name);
	pg_free(stored.content);
}

/*
 * Reading a manifest, which may be anything: it is authenticated first, and
 * then every field is checked, because a manifest that is not encrypted can
 * be written by whoever can write to the repository.
 */
#include "postgres_fe.h"

#include "common/int.h"
#include "common/object_name.h"
#include "failure.h"
#include "repository/manifest.h"
#include "repository/record.h"

/* The longest name of a database: 63 bytes, whatever they become in UTF-8. */
#define DATABASE_NAME_LIMIT (63 * 4)

/* The longest name of a table: two such names, quoted, and a period. */
#define TABLE_NAME_LIMIT (2 * (2 * DATABASE_NAME_LIMIT + 2) + 1)

/* Versions of the server that the format knows: from 9.0 on. */
#define SERVER_VERSION_MIN 90000
#define SERVER_VERSION_MAX 9999999

/*
 * Fails because something about the manifest is not as it must be.
 */
static void
check(bool holds, const char *name, const char *problem)
{
	if (!holds)
		fail(FAILURE_DAMAGED, NULL, "manifest \"%s\" is damaged: %s",
			 name, problem);
}

/*
 * Unpacks fields from a JSON object as json_unpack does.
 */
#define UNPACK(json, name, format, ...) \
	do { \
		json_error_t error_; \
		if (json_unpack_ex(json, &error_, 0, format, __VA_ARGS__) != 0) \
			check(false, name, error_.text); \
	} while (0)

/*
 * Authenticates the text by the key that it names, or by a plain digest where
 * it names none; gives the data key, or "".  Without a way to open keys, one
 * that names a key is taken as it is.
 */
static void
authenticate(json_t *json, const char *content, const char *name,
			 DataKeyUnlocker unlock, void *context, char data_key[KEY_HEX_SIZE])
{
	json_t	   *key_json;
	json_t	   *wrapped_json;
	const char *cluster_key;
	WrappedKey	wrapped;

	data_key[0] = '\0';
	if (json_object_get(json, "seal") != NULL)
	{
		manifest_seal_authenticate(json, content, name, unlock, context, data_key);
		return;
	}
	UNPACK(json, name, "{s:o, s:o}",
		   "cluster_key", &key_json, "data_key", &wrapped_json);
	check(record_optional_string(key_json, &cluster_key), name,
		  "\"cluster_key\" is not a string");
	if (cluster_key != NULL)
	{
		check(hex_is_valid(cluster_key, KEY_ID_SIZE - 1), name,
			  "\"cluster_key\" is not the name of a key");
		check(record_get_wrapped_key(wrapped_json, &wrapped), name,
			  "\"data_key\" is not a wrapped key");
		if (unlock != NULL)
			unlock(context, cluster_key, &wrapped, data_key);
		pg_free(wrapped.wrapped);
		if (unlock == NULL)
			return;
	}
	check(authentication_check(content, data_key, MANIFEST_PURPOSE), name,
		  "its last line does not authenticate it");
}

/*
 * Reads what the backup is and whose.
 */
static void
read_identity(json_t *json, const char *name, const char *expected_id,
			  Manifest *manifest)
{
	const char *id;
	const char *type;
	const char *cluster;
	const char *system_identifier;
	const char *engine_version;
	json_int_t	server_version;
	BackupType	id_type;

	UNPACK(json, name, "{s:s, s:s, s:s, s:s, s:I, s:s}",
		   "id", &id, "type", &type, "cluster", &cluster,
		   "system_identifier", &system_identifier,
		   "server_version", &server_version, "engine_version", &engine_version);
	check(strcmp(id, expected_id) == 0, name, "it belongs to another backup");
	check(backup_id_parse(id, NULL, &id_type) &&
		  strcmp(type, backup_type_name(id_type)) == 0, name,
		  "\"type\" is not the one in \"id\"");
	check(object_name_is_valid(cluster) && strchr(cluster, '/') == NULL, name,
		  "\"cluster\" is not the name of a cluster");
	check(system_identifier_is_valid(system_identifier), name,
		  "\"system_identifier\" is not one");
	check(server_version >= SERVER_VERSION_MIN &&
		  server_version <= SERVER_VERSION_MAX, name,
		  "\"server_version\" is out of range");
	check(engine_version[0] != '\0', name, "\"engine_version\" is empty");

	strlcpy(manifest->id, id, BACKUP_ID_SIZE);
	manifest->type = id_type;
	manifest->cluster = pg_strdup(cluster);
	manifest->system_identifier = pg_strdup(system_identifier);
	manifest->server_version = (int) server_version;
	manifest->engine_version = pg_strdup(engine_version);
}

/*
 * Reads when it was made and what was said of it.
 */
static void
read_circumstances(json_t *json, const char *name, Manifest *manifest)
{
	const char *started_at;
	const char *finished_at;
	const char *depth;
	const char *label;
	const char *schedule;
	json_t	   *label_json;
	json_t	   *schedule_json;

	UNPACK(json, name, "{s:s, s:s, s:s, s:o, s:o}",
		   "started_at", &started_at, "finished_at", &finished_at,
		   "verified_depth", &depth, "label", &label_json,
		   "schedule", &schedule_json);
	check(time_parse(started_at, &manifest->started_ms), name,
		  "\"started_at\" is not a time");
	check(time_parse(finished_at, &manifest->finished_ms), name,
		  "\"finished_at\" is not a time");
	check(manifest->started_ms <= manifest->finished_ms, name,
		  "\"finished_at\" is before \"started_at\"");
	check(verify_depth_parse(depth, &manifest->verified_depth), name,
		  "\"verified_depth\" is not a depth");
	check(record_optional_string(label_json, &label), name,
		  "\"label\" is not a string");
	check(record_optional_string(schedule_json, &schedule), name,
		  "\"schedule\" is not a string");
	manifest->label = label == NULL ? NULL : pg_strdup(label);
	manifest->schedule = schedule == NULL ? NULL : pg_strdup(schedule);
}

/*
 * Is this what a database can be called?
 */
static bool
is_database_name(const char *database)
{
	return database != NULL && database[0] != '\0' &&
		strlen(database) <= DATABASE_NAME_LIMIT;
}

/*
 * Reads which databases were asked for, if it is noted.
 */
static void
read_scope(json_t *json, const char *name, Manifest *manifest)
{
	json_t	   *names = json_object_get(json, "requested_databases");
	int			count = (int) json_array_size(names);

	manifest->scope_known = names != NULL;
	if (names == NULL || json_is_null(names))
		return;
	check(json_is_array(names) && count > 0, name,
		  "\"requested_databases\" is not a list of names");
	manifest->scope = pg_malloc0(count * sizeof(char *));
	manifest->scope_count = count;
	for (int i = 0; i < count; i++)
	{
		const char *database = json_string_value(json_array_get(names, i));

		check(is_database_name(database), name,
			  "\"requested_databases\" is not a list of names");
		manifest->scope[i] = pg_strdup(database);
	}
}

/*
 * Reads how it is compressed and encrypted.
 */
static void
read_encoding(json_t *json, const char *name, Manifest *manifest)
{
	const char *compression;
	const char *cipher;
	const char *problem;
	char		canonical[COMPRESSION_SIZE];
	json_t	   *key_json;
	json_t	   *wrapped_json;

	UNPACK(json, name, "{s:s, s:s, s:o, s:o}",
		   "compression", &compression, "cipher", &cipher,
		   "cluster_key", &key_json, "data_key", &wrapped_json);
	check(compression_parse(compression, &manifest->compression, &problem),
		  name, "\"compression\" is not a compression");
	compression_format(&manifest->compression, canonical);
	check(strcmp(compression, canonical) == 0, name,
		  "\"compression\" is not in its canonical form");
	check(cipher_parse(cipher, &manifest->cipher), name,
		  "\"cipher\" is not a cipher");
	if (json_object_get(json, "seal") != NULL)
	{
		manifest_seal_read(json, name, manifest);
		return;
	}
	if (!json_is_string(key_json))
	{
		check(manifest->cipher == CIPHER_NONE && json_is_null(wrapped_json),
			  name, "it is encrypted, but names no key");
		return;
	}
	check(manifest->cipher != CIPHER_NONE, name,
		  "it names a key, but is not encrypted");
	strlcpy(manifest->key_id, json_string_value(key_json), KEY_ID_SIZE);
	check(record_get_wrapped_key(wrapped_json, &manifest->data_key), name,
		  "\"data_key\" is not a wrapped key");
}

/*
 * Is this the name that an object of the backup may have: one component that
 * ends as its compression and encryption demand?
 */
static bool
object_name_fits(const Manifest *manifest, const char *object_name)
{
	char	   *suffix = psprintf("%s%s",
								  compression_suffix(manifest->compression.method),
								  cipher_suffix(manifest->cipher));
	size_t		len = strlen(object_name);
	size_t		suffix_len = strlen(suffix);
	bool		fits;

	fits = object_name_is_valid(object_name) &&
		strchr(object_name, '/') == NULL &&
		len > suffix_len &&
		strcmp(object_name + len - suffix_len, suffix) == 0 &&
		strcmp(object_name, MANIFEST_NAME) != 0 &&
		strcmp(object_name, WRITER_NAME) != 0 &&
		strcmp(object_name, DELETING_NAME) != 0;
	pg_free(suffix);
	return fits;
}

/*
 * Reads the sizes of tables, if they were noted.
 */
static void
read_tables(json_t *json, const char *name, ManifestObject *object)
{
	json_t	   *tables = json_object_get(json, "tables");
	size_t		count = json_array_size(tables);

	if (tables == NULL)
		return;
	check(json_is_array(tables), name, "\"tables\" is not an array");
	object->tables = pg_malloc0((count + 1) * sizeof(TableSize));
	object->table_count = (int) count;
	for (size_t i = 0; i < count; i++)
	{
		const char *table;
		json_int_t	bytes;

		UNPACK(json_array_get(tables, i), name, "{s:s, s:I!}",
			   "name", &table, "bytes", &bytes);
		check(table[0] != '\0' && strlen(table) <= TABLE_NAME_LIMIT, name,
			  "the name of a table is empty or too long");
		check(bytes >= 0, name, "a size is negative");
		object->tables[i].name = pg_strdup(table);
		object->tables[i].bytes = bytes;
	}
}

/*
 * Reads what only a dump has.
 */
static void
read_dump_fields(json_t *json, const char *name, ManifestObject *object)
{
	const char *database;
	const char *toc_sha256;
	json_int_t	toc_entries;

	UNPACK(json, name, "{s:s, s:I, s:s}", "database", &database,
		   "toc_entries", &toc_entries, "toc_sha256", &toc_sha256);
	check(is_database_name(database), name,
		  "the name of a database is empty or too long");
	check(toc_entries >= 0 && toc_entries <= PG_INT32_MAX, name,
		  "\"toc_entries\" is out of range");
	check(hex_is_valid(toc_sha256, SHA256_HEX_SIZE - 1), name,
		  "\"toc_sha256\" is not a SHA-256");
	object->database = pg_strdup(database);
	object->toc_entries = (int) toc_entries;
	strlcpy(object->toc_sha256, toc_sha256, SHA256_HEX_SIZE);
	read_tables(json, name, object);
}

/*
 * How many keys an object of a kind has.
 */
static size_t
key_count(json_t *json, ObjectKind kind)
{
	if (kind != OBJECT_DUMP)
		return 5;
	return json_object_get(json, "tables") == NULL ? 8 : 9;
}

/*
 * Reads an object.  Other keys than the known ones are not allowed: a reader
 * that does not know them would not restore what they mean.
 */
static void
read_object(json_t *json, const char *name, const Manifest *manifest,
			ManifestObject *object)
{
	const char *kind;
	const char *object_name;
	const char *sha256;
	json_int_t	size;
	json_int_t	stored_size;

	UNPACK(json, name, "{s:s, s:s, s:I, s:I, s:s}",
		   "kind", &kind, "name", &object_name, "size", &size,
		   "stored_size", &stored_size, "sha256", &sha256);
	check(object_kind_parse(kind, &object->kind), name,
		  "the kind of an object is not known");
	check(object_name_fits(manifest, object_name), name,
		  "an object has a name that it cannot have");
	check(size >= 0 && stored_size >= 0, name, "a size is negative");
	check(hex_is_valid(sha256, SHA256_HEX_SIZE - 1), name,
		  "\"sha256\" is not a SHA-256");
	check(json_object_size(json) == key_count(json, object->kind),
		  name, "an object has an unknown key");
	object->name = pg_strdup(object_name);
	object->size = size;
	object->stored_size = stored_size;
	strlcpy(object->sha256, sha256, SHA256_HEX_SIZE);
	if (object->kind == OBJECT_DUMP)
		read_dump_fields(json, name, object);
}

/*
 * Fails unless all objects together have sizes that can be added up.
 */
static void
check_sizes(const Manifest *manifest, const char *name)
{
	int64		size = 0;
	int64		stored_size = 0;

	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];

		check(!pg_add_s64_overflow(size, object->size, &size) &&
			  !pg_add_s64_overflow(stored_size, object->stored_size, &stored_size),
			  name, "the sum of all sizes is out of range");
	}
}

/*
 * Reads what only a physical backup has.
 */
static void
read_physical(json_t *json, const char *name, Manifest *manifest)
{
	json_t	   *physical = json_object_get(json, "physical");

	check((physical != NULL) == (manifest->type == BACKUP_PHYSICAL), name,
		  "\"physical\" is missing, or it is no physical backup");
	if (physical != NULL)
		manifest->physical = physical_parse(physical, name);
}

/*
 * Which part of the backup an object is; allocated.  Of the kinds that there
 * may be many of, the name tells.
 */
static char *
object_part(const ManifestObject *object)
{
	bool		is_numbered = object->kind == OBJECT_PACK ||
		object->kind == OBJECT_PAGES || object->kind == OBJECT_WAL;

	if (is_numbered)
		return psprintf("%s/%s", object_kind_name(object->kind), object->name);
	return psprintf("%s/%s", object_kind_name(object->kind),
					object->database == NULL ? "" : object->database);
}

/*
 * Fails if two objects have one name, or are the same part of the backup: the
 * dump of one database, or another kind twice.
 */
static void
check_unique(const Manifest *manifest, const char *name)
{
	json_t	   *names = json_object();
	json_t	   *parts = json_object();

	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];
		char	   *part = object_part(object);

		json_object_set_new(names, object->name, json_null());
		json_object_set_new(parts, part, json_null());
		pg_free(part);
	}
	check(json_object_size(names) == manifest->object_count, name,
		  "two objects have the same name");
	check(json_object_size(parts) == manifest->object_count, name,
		  "a part of the backup occurs twice");
	json_decref(names);
	json_decref(parts);
}

/*
 * Reads all objects.
 */
static void
read_objects(json_t *json, const char *name, Manifest *manifest)
{
	json_t	   *objects;

	UNPACK(json, name, "{s:o}", "objects", &objects);
	check(json_is_array(objects), name, "\"objects\" is not an array");
	manifest->object_count = (int) json_array_size(objects);
	manifest->objects = pg_malloc0((manifest->object_count + 1) *
								   sizeof(ManifestObject));
	for (int i = 0; i < manifest->object_count; i++)
		read_object(json_array_get(objects, i), name, manifest,
					&manifest->objects[i]);
	check_sizes(manifest, name);
	check_unique(manifest, name);
}

Manifest *
manifest_parse(const char *content, const char *name, const char *expected_id,
			   DataKeyUnlocker unlock, void *context,
			   char data_key[KEY_HEX_SIZE])
{
	json_t	   *json = record_parse(content);
	Manifest   *manifest;
	json_int_t	format;

	check(json != NULL, name, "it is not a JSON object");
	authenticate(json, content, name, unlock, context, data_key);
	UNPACK(json, name, "{s:I}", "format", &format);
	if (format > MANIFEST_FORMAT)
		fail(FAILURE_STATE, "Use a newer version of erpgo_backup.",
			 "manifest \"%s\" has format %lld, but this version knows only formats up to %d",
			 name, (long long) format, MANIFEST_FORMAT);
	check(format == MANIFEST_FORMAT, name, "\"format\" is not a format");

	manifest = pg_malloc0(sizeof(Manifest));
	read_identity(json, name, expected_id, manifest);
	read_circumstances(json, name, manifest);
	read_scope(json, name, manifest);
	read_physical(json, name, manifest);
	read_encoding(json, name, manifest);
	read_objects(json, name, manifest);
	json_decref(json);
	return manifest;
}

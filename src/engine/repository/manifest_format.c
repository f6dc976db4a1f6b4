/*
 * Writing a manifest.
 */
#include "postgres_fe.h"

#include "repository/manifest.h"
#include "repository/record.h"

/*
 * Adds what only a dump has.
 */
static void
set_dump_fields(json_t *json, const ManifestObject *object)
{
	json_object_set_new(json, "toc_entries", json_integer(object->toc_entries));
	json_object_set_new(json, "toc_sha256", json_string(object->toc_sha256));
	if (object->tables != NULL)
		json_object_set_new(json, "tables", record_table_sizes(object));
}

/*
 * An object as JSON.
 */
static json_t *
object_to_json(const ManifestObject *object)
{
	json_t	   *json = json_pack("{s:s, s:s}",
								 "kind", object_kind_name(object->kind),
								 "name", object->name);

	if (object->database != NULL)
		json_object_set_new(json, "database",
							record_string(object->database, "database name"));
	json_object_set_new(json, "size", json_integer(object->size));
	json_object_set_new(json, "stored_size", json_integer(object->stored_size));
	json_object_set_new(json, "sha256", json_string(object->sha256));
	if (object->kind == OBJECT_DUMP)
		set_dump_fields(json, object);
	return json;
}

/*
 * Adds how the backup is compressed and encrypted, with its key.
 */
static void
set_encoding(json_t *json, const Manifest *manifest)
{
	char		compression[COMPRESSION_SIZE];
	json_t	   *data_key;

	compression_format(&manifest->compression, compression);
	json_object_set_new(json, "compression", json_string(compression));
	json_object_set_new(json, "cipher",
						json_string(cipher_name(manifest->cipher)));
	if (manifest->key_id[0] == '\0')
	{
		json_object_set_new(json, "cluster_key", json_null());
		json_object_set_new(json, "data_key", json_null());
		return;
	}
	if (manifest->sealed)
	{
		json_object_set_new(json, "cluster_key", json_null());
		json_object_set_new(json, "seal", json_string(manifest->key_id));
		json_object_set_new(json, "data_key",
							json_pack("{s:s}", "wrapped", manifest->data_key.wrapped));
		return;
	}
	data_key = json_object();
	record_set_wrapped_key(data_key, &manifest->data_key);
	json_object_set_new(json, "cluster_key", json_string(manifest->key_id));
	json_object_set_new(json, "data_key", data_key);
}

/*
 * Adds which databases were asked for, if that is known.
 */
static void
set_scope(json_t *json, const Manifest *manifest)
{
	json_t	   *names;

	if (!manifest->scope_known)
		return;
	names = manifest->scope == NULL ? json_null() : json_array();
	for (int i = 0; i < manifest->scope_count; i++)
		json_array_append_new(names, record_string(manifest->scope[i],
												   "database name"));
	json_object_set_new(json, "requested_databases", names);
}

/*
 * Adds the objects, in their order.
 */
static void
set_objects(json_t *json, const Manifest *manifest)
{
	json_t	   *objects = json_array();

	for (int i = 0; i < manifest->object_count; i++)
		json_array_append_new(objects, object_to_json(&manifest->objects[i]));
	json_object_set_new(json, "objects", objects);
}

/*
 * The manifest as JSON, without what authenticates it.
 */
static json_t *
manifest_to_json(const Manifest *manifest)
{
	char		started_at[TIME_TEXT_SIZE];
	char		finished_at[TIME_TEXT_SIZE];
	json_t	   *json;

	time_format(manifest->started_ms, started_at);
	time_format(manifest->finished_ms, finished_at);
	json = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s}",
					 "format", MANIFEST_FORMAT,
					 "id", manifest->id,
					 "type", backup_type_name(manifest->type),
					 "cluster", manifest->cluster,
					 "system_identifier", manifest->system_identifier,
					 "server_version", manifest->server_version,
					 "engine_version", manifest->engine_version,
					 "started_at", started_at,
					 "finished_at", finished_at);
	set_encoding(json, manifest);
	json_object_set_new(json, "verified_depth",
						json_string(verify_depth_name(manifest->verified_depth)));
	json_object_set_new(json, "label", record_string(manifest->label, "label"));
	json_object_set_new(json, "schedule",
						record_string(manifest->schedule, "schedule"));
	set_scope(json, manifest);
	if (manifest->physical != NULL)
		json_object_set_new(json, "physical", physical_to_json(manifest->physical));
	set_objects(json, manifest);
	return json;
}

char *
manifest_format(const Manifest *manifest, const char *data_key)
{
	return record_format(manifest_to_json(manifest), data_key, MANIFEST_PURPOSE);
}

char *
manifest_format_signed(const Manifest *manifest, const char *signing_key)
{
	return record_format_signed(manifest_to_json(manifest), signing_key, MANIFEST_PURPOSE);
}

/*
 * A backup as JSON.
 */
#include "postgres_fe.h"

#include "command/command.h"
#include "protocol.h"
#include "repository/record.h"

/*
 * A time as JSON.
 */
static json_t *
time_to_json(int64 unix_ms)
{
	char		formatted[TIME_TEXT_SIZE];

	time_format(unix_ms, formatted);
	return json_string(formatted);
}

/*
 * Adds what a dump has beyond other objects.
 */
static void
add_dump_fields(json_t *json, const ManifestObject *object)
{
	json_object_set_new(json, "toc_entries", json_integer(object->toc_entries));
	if (object->tables != NULL)
		json_object_set_new(json, "tables", record_table_sizes(object));
}

/*
 * An object of a backup.
 */
static json_t *
object_to_json(const ManifestObject *object)
{
	json_t	   *json = json_pack("{s:s, s:o, s:o, s:I, s:I, s:s}",
								 "kind", object_kind_name(object->kind),
								 "name", json_text(object->name),
								 "database", json_text(object->database),
								 "size", (json_int_t) object->size,
								 "stored_size", (json_int_t) object->stored_size,
								 "sha256", object->sha256);

	if (object->kind == OBJECT_DUMP)
		add_dump_fields(json, object);
	return json;
}

/*
 * Adds what the manifest says of objects and databases.
 */
static void
add_objects(json_t *json, const Manifest *manifest)
{
	json_t	   *databases = json_array();
	json_t	   *objects = json_array();

	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];

		json_array_append_new(objects, object_to_json(object));
		if (object->kind == OBJECT_DUMP)
			json_array_append_new(databases, json_text(object->database));
	}
	json_object_set_new(json, "databases", databases);
	json_object_set_new(json, "objects", objects);
}

/*
 * Adds what the manifest says of how the backup was made.
 */
static void
add_properties(json_t *json, const Manifest *manifest)
{
	char		compression[COMPRESSION_SIZE];

	compression_format(&manifest->compression, compression);
	json_object_set_new(json, "started_at", time_to_json(manifest->started_ms));
	json_object_set_new(json, "finished_at", time_to_json(manifest->finished_ms));
	json_object_set_new(json, "size_bytes", json_integer(manifest_size(manifest)));
	json_object_set_new(json, "stored_bytes",
						json_integer(manifest_stored_size(manifest)));
	json_object_set_new(json, "cluster", json_text(manifest->cluster));
	json_object_set_new(json, "system_identifier",
						json_text(manifest->system_identifier));
	json_object_set_new(json, "server_version",
						json_integer(manifest->server_version));
	json_object_set_new(json, "engine_version",
						json_text(manifest->engine_version));
	json_object_set_new(json, "compression", json_string(compression));
	json_object_set_new(json, "cipher",
						json_string(cipher_name(manifest->cipher)));
	json_object_set_new(json, "key_id", manifest->key_id[0] == '\0' ?
						json_null() : json_string(manifest->key_id));
	json_object_set_new(json, "label", json_text(manifest->label));
	json_object_set_new(json, "schedule", json_text(manifest->schedule));
	json_object_set_new(json, "all_databases",
						json_boolean(manifest->scope_known && manifest->scope == NULL));
}

/*
 * Adds what the last verification found.
 */
static void
add_verification(json_t *json, const Backup *backup)
{
	const char *problem = NULL;
	VerifyDepth depth;
	int64		at_ms;
	int64		full_ms = backup_full_verification(backup);
	bool		good = backup_verification(backup, &at_ms, &depth, &problem);

	json_object_set_new(json, "status", json_string(good ? "ok" : "failed"));
	json_object_set_new(json, "verified_at", time_to_json(at_ms));
	json_object_set_new(json, "verified_depth",
						json_string(verify_depth_name(depth)));
	json_object_set_new(json, "full_verified_at",
						full_ms == 0 ? json_null() : time_to_json(full_ms));
	json_object_set_new(json, "verification_error",
						good ? json_null() : json_text(problem));
}

/*
 * The annotations that are left after all events: the last value of each key
 * counts, and an empty one removes the key.
 */
static json_t *
annotations_to_json(const Backup *backup)
{
	json_t	   *annotations = json_object();

	for (int i = 0; i < backup->event_count; i++)
	{
		const Event *event = &backup->events[i];

		if (event->kind != EVENT_ANNOTATE || event->key == NULL)
			continue;
		if (event->value == NULL || event->value[0] == '\0')
			json_object_del(annotations, event->key);
		else
			json_object_set_new(annotations, event->key, json_text(event->value));
	}
	return annotations;
}

json_t *
backup_to_json(const Backup *backup)
{
	const Manifest *manifest = backup->manifest;
	const char *reason = NULL;
	bool		pinned = backup_is_pinned(backup, &reason);
	json_t	   *json = json_pack("{s:s, s:s}", "id", manifest->id,
								 "type", backup_type_name(manifest->type));

	add_verification(json, backup);
	add_properties(json, manifest);
	json_object_set_new(json, "pinned", json_boolean(pinned));
	json_object_set_new(json, "pin_reason", json_text(pinned ? reason : NULL));
	json_object_set_new(json, "annotations", annotations_to_json(backup));
	if (manifest->physical != NULL)
		json_object_set_new(json, "physical", physical_to_json(manifest->physical));
	add_objects(json, manifest);
	return json;
}

json_t *
backup_entry_to_json(const BackupEntry *entry)
{
	BackupType	type = BACKUP_FULL;

	if (entry->backup != NULL)
		return backup_to_json(entry->backup);
	backup_id_parse(entry->id, NULL, &type);
	return json_pack("{s:s, s:s, s:s, s:o}", "id", entry->id,
					 "type", backup_type_name(type),
					 "status", entry->problem.kind == FAILURE_DAMAGED ?
					 "damaged" : "unreadable",
					 "error", json_text(entry->problem.message));
}

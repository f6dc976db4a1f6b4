/*
 * Looking into a manifest.
 */
#include "postgres_fe.h"

#include "repository/manifest.h"

static const char *const object_kinds[] = {
	[OBJECT_GLOBALS] = "globals",
	[OBJECT_DATABASES] = "databases",
	[OBJECT_DUMP] = "dump",
	[OBJECT_PACK] = "pack",
	[OBJECT_FILES] = "files",
	[OBJECT_FRAMES] = "frames",
	[OBJECT_PAGES] = "pages",
	[OBJECT_LABEL] = "label",
	[OBJECT_TABLESPACE_MAP] = "tablespace_map",
	[OBJECT_CONTROL] = "control",
	[OBJECT_WAL] = "wal"
};

const char *
object_kind_name(ObjectKind kind)
{
	return object_kinds[kind];
}

bool
object_kind_parse(const char *word, ObjectKind *kind)
{
	for (int i = 0; i < lengthof(object_kinds); i++)
	{
		if (strcmp(object_kinds[i], word) == 0)
		{
			*kind = (ObjectKind) i;
			return true;
		}
	}
	return false;
}

bool
system_identifier_is_valid(const char *system_identifier)
{
	uint64		number = strtou64(system_identifier, NULL, 10);
	char	   *canonical = psprintf(UINT64_FORMAT, number);
	bool		valid = number != 0 && strcmp(canonical, system_identifier) == 0;

	pg_free(canonical);
	return valid;
}

int64
manifest_size(const Manifest *manifest)
{
	int64		total = 0;

	for (int i = 0; i < manifest->object_count; i++)
		total += manifest->objects[i].size;
	return total;
}

int64
manifest_stored_size(const Manifest *manifest)
{
	int64		total = 0;

	for (int i = 0; i < manifest->object_count; i++)
		total += manifest->objects[i].stored_size;
	return total;
}

const ManifestObject *
manifest_dump(const Manifest *manifest, const char *database)
{
	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];

		if (object->kind == OBJECT_DUMP &&
			strcmp(object->database, database) == 0)
			return object;
	}
	return NULL;
}

const ManifestObject *
manifest_object(const Manifest *manifest, ObjectKind kind)
{
	for (int i = 0; i < manifest->object_count; i++)
	{
		if (manifest->objects[i].kind == kind)
			return &manifest->objects[i];
	}
	return NULL;
}

ManifestObject *
manifest_add_object(Manifest *manifest, const ManifestObject *object)
{
	int			count = manifest->object_count;

	/* There may be thousands: double the room. */
	if ((count & (count - 1)) == 0)
		manifest->objects = pg_realloc(manifest->objects,
									   Max(1, 2 * count) * sizeof(ManifestObject));
	manifest->objects[manifest->object_count++] = *object;
	return &manifest->objects[count];
}

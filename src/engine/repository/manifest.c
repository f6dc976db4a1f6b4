/*
 * Looking into a manifest.
 */
#include "postgres_fe.h"

#include "repository/manifest.h"

static const char *const object_kinds[] = {
	[OBJECT_GLOBALS] = "globals",
	[OBJECT_DATABASES] = "databases",
	[OBJECT_DUMP] = "dump"
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

/*
 * The small objects of a backup, read ahead all at once.
 */
#include "repository/backup_gather.h"

/* An object of so many bytes is small. */
#define SMALL_SIZE (1024 * 1024)

/* All of them together have so many at most. */
#define GATHERED_LIMIT (16 * 1024 * 1024)

/* What is kept, and where it comes from. */
static Store *origin = NULL;
static StoreBytes *gathered = NULL;
static bool *damaged = NULL;	/* for each: it is not what the manifest says */
static int	gathered_count = 0;

/*
 * Notes which objects are to be read; expected is filled in with what the
 * manifest says of each.
 */
static void
choose(Repository *repository, const Manifest *manifest, const ManifestObject **expected)
{
	int64		total = 0;

	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];

		if (object->stored_size == 0 || object->stored_size > SMALL_SIZE ||
			total + object->stored_size > GATHERED_LIMIT)
			continue;
		total += object->stored_size;
		expected[gathered_count] = object;
		gathered[gathered_count].name = backup_object_name(repository, manifest->id, object->name);
		gathered[gathered_count].size = object->stored_size;
		gathered_count++;
	}
}

/*
 * Keeps what was read only if it is what the manifest says; true if it is not.
 */
static bool
drop_if_damaged(StoreBytes *bytes, const ManifestObject *expected)
{
	char		sha256[SHA256_HEX_SIZE];

	if (bytes->data == NULL)
		return false;
	sha256_hex(bytes->data, bytes->size, sha256);
	if (constant_time_equal(sha256, expected->sha256))
		return false;
	pg_free(bytes->data);
	bytes->data = NULL;
	return true;
}

void
backup_gather(Repository *repository, const Manifest *manifest)
{
	int			limit = manifest->object_count + 1;
	const ManifestObject **expected = pg_malloc0(limit * sizeof(ManifestObject *));

	backup_gather_end();
	origin = repository->store;
	gathered = pg_malloc0(limit * sizeof(StoreBytes));
	damaged = pg_malloc0(limit * sizeof(bool));
	choose(repository, manifest, expected);
	store_gather(origin, gathered, gathered_count);
	for (int i = 0; i < gathered_count; i++)
		damaged[i] = drop_if_damaged(&gathered[i], expected[i]);
	pg_free(expected);
}

void
backup_gather_end(void)
{
	for (int i = 0; i < gathered_count; i++)
	{
		pg_free(unconstify(char *, gathered[i].name));
		pg_free(gathered[i].data);
	}
	pg_free(gathered);
	pg_free(damaged);
	gathered = NULL;
	damaged = NULL;
	gathered_count = 0;
	origin = NULL;
}

bool
gathered_is_damaged(const char *name)
{
	for (int i = 0; i < gathered_count; i++)
	{
		if (strcmp(gathered[i].name, name) == 0)
			return damaged[i];
	}
	return false;
}

bool
gathered_get(Store *store, const char *name, Sink *into)
{
	for (int i = 0; i < gathered_count; i++)
	{
		const StoreBytes *bytes = &gathered[i];

		if (store != origin || bytes->data == NULL || strcmp(bytes->name, name) != 0)
			continue;
		sink_write(into, bytes->data, bytes->size);
		return true;
	}
	return store_get(store, name, into);
}

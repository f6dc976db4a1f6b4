/*
 * The kinds that backups are judged in.
 */
#include "postgres_fe.h"

#include <jansson.h>

#include "repository/expiry.h"

/* What stands for all databases. */
#define ALL_DATABASES "*"

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/*
 * The databases that make up a backup, in its manifest's order; allocated.
 */
static const char **
names_of(const Manifest *manifest, int *count)
{
	int			limit = Max(manifest->scope_count, manifest->object_count);
	const char **names = pg_malloc0((limit + 1) * sizeof(char *));

	*count = 0;
	for (int i = 0; i < manifest->scope_count; i++)
		names[(*count)++] = manifest->scope[i];
	for (int i = 0; !manifest->scope_known && i < manifest->object_count; i++)
	{
		if (manifest->objects[i].database != NULL)
			names[(*count)++] = manifest->objects[i].database;
	}
	return names;
}

/*
 * A text for the set of databases that a backup is of; allocated.
 */
static char *
scope_text(const Manifest *manifest)
{
	json_t	   *set;
	const char **names;
	char	   *printed;
	int			count;

	if (manifest->scope_known && manifest->scope == NULL)
		return pg_strdup(ALL_DATABASES);
	names = names_of(manifest, &count);
	qsort(names, count, sizeof(char *), compare_names);
	set = json_array();
	for (int i = 0; i < count; i++)
	{
		if (i == 0 || strcmp(names[i - 1], names[i]) != 0)
			json_array_append_new(set, json_string(names[i]));
	}
	printed = json_dumps(set, JSON_COMPACT);
	json_decref(set);
	pg_free(names);
	return printed;
}

/*
 * The kind of an item that was made before, of the same type and scope; its
 * own number if there is none.
 */
static int
known_kind(const ExpiryItem *items, char *const *scopes, int item)
{
	for (int i = 0; i < item; i++)
	{
		if (scopes[i] != NULL && items[i].type == items[item].type &&
			strcmp(scopes[i], scopes[item]) == 0)
			return i;
	}
	return item;
}

/*
 * The kind of an item that cannot be read.
 */
static int
presumed_kind(const ExpiryItem *items, char *const *scopes, const int *kinds,
			  int count, int item)
{
	int			newest = item;

	for (int i = 0; i < count; i++)
	{
		if (scopes[i] == NULL || items[i].type != items[item].type)
			continue;
		if (strcmp(scopes[i], ALL_DATABASES) == 0)
			return kinds[i];
		newest = i;
	}
	return newest == item ? item : kinds[newest];
}

void
expiry_number_kinds(const ExpiryItem *items, int count, int *kinds)
{
	char	  **scopes = pg_malloc0((count + 1) * sizeof(char *));

	for (int i = 0; i < count; i++)
	{
		if (items[i].backup == NULL)
			continue;
		scopes[i] = scope_text(items[i].backup->manifest);
		kinds[i] = known_kind(items, scopes, i);
	}
	for (int i = 0; i < count; i++)
	{
		if (scopes[i] == NULL)
			kinds[i] = presumed_kind(items, scopes, kinds, count, i);
	}
	for (int i = 0; i < count; i++)
		free(scopes[i]);
	pg_free(scopes);
}

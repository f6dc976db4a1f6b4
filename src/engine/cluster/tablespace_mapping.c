/*
 * Where tablespaces go that do not go back to where they were.
 */
#include "cluster/tablespace_mapping.h"

/*
 * A path as it is compared with others; allocated.
 */
static char *
canonical_path(const char *path)
{
	/* That may write one byte more. */
	size_t		room = strlen(path) + 2;
	char	   *canonical = pg_malloc(room);

	strlcpy(canonical, path, room);
	canonicalize_path(canonical);
	return canonical;
}

bool
tablespace_mapping_parse(const char *argument, TablespaceMapping *mapping)
{
	char	   *parts[2] = {NULL, NULL};
	char	   *to;
	int			part = 0;

	parts[0] = to = pg_malloc0(strlen(argument) + 2);
	for (const char *from = argument; *from != '\0'; from++)
	{
		if (from[0] == '\\' && from[1] == '=')
			*to++ = *++from;
		else if (*from == '=' && part++ == 0)
			parts[1] = ++to;
		else
			*to++ = *from;
	}
	if (parts[1] == NULL || part != 1 || !is_absolute_path(parts[0]) || !is_absolute_path(parts[1]))
		return false;
	mapping->from = canonical_path(parts[0]);
	mapping->to = canonical_path(parts[1]);
	mapping->used = false;
	pg_free(parts[0]);
	return true;
}

const char *
tablespace_mapping_apply(TablespaceMapping *mappings, int count, const char *location)
{
	char	   *canonical = canonical_path(location);
	const char *found = location;

	for (int i = 0; i < count; i++)
	{
		if (strcmp(mappings[i].from, canonical) == 0)
		{
			mappings[i].used = true;
			found = mappings[i].to;
		}
	}
	pg_free(canonical);
	return found;
}

bool
path_is_within(const char *path, const char *folder)
{
	size_t		len = strlen(folder);

	/* The root folder alone ends with a slash. */
	if (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/*
 * Walking the folders of a store that has such.
 */
#include "store/folder_walk.h"

bool
name_begins_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

void
folder_walk_add(FolderWalk *walk, const char *folder)
{
	walk->folders = pg_realloc(walk->folders, (walk->count + 1) * sizeof(char *));
	walk->folders[walk->count++] = pg_strdup(folder);
}

void
folder_walk_run(FolderWalk *walk, const char *prefix, FolderReader read, void *context)
{
	const char *slash = strrchr(prefix, '/');
	char	   *folder = pnstrdup(prefix, slash == NULL ? 0 : slash + 1 - prefix);

	folder_walk_add(walk, folder);
	for (int i = 0; i < walk->count; i++)
		read(context, walk->folders[i]);
	pg_free(folder);
}

void
folder_walk_end(FolderWalk *walk)
{
	for (int i = 0; i < walk->count; i++)
		pg_free(walk->folders[i]);
	pg_free(walk->folders);
}

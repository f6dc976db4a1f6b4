/*
 * Walking the folders of a store that has such.
 */
#ifndef ERPGO_ENGINE_STORE_FOLDER_WALK_H
#define ERPGO_ENGINE_STORE_FOLDER_WALK_H

#include "postgres_fe.h"

/* The folders that were found, their names with a slash at the end. */
typedef struct FolderWalk
{
	char	  **folders;
	int			count;
} FolderWalk;

/* Reads a folder: adds those in it. */
typedef void (*FolderReader) (void *context, const char *folder);

/* Does a name begin with a prefix? */
extern bool name_begins_with(const char *name, const char *prefix);

/* Has a folder walked later; the name is copied. */
extern void folder_walk_add(FolderWalk *walk, const char *folder);

/*
 * Reads the folder in which names with the prefix begin, and all that are
 * added meanwhile: each comes after the one that it is in.
 */
extern void folder_walk_run(FolderWalk *walk, const char *prefix,
							FolderReader read, void *context);

/* Frees the names. */
extern void folder_walk_end(FolderWalk *walk);

#endif

/*
 * Walking the folders of a file store: listing objects, and removing what
 * writers that died, and deletions that were cut short, have left.
 */
#include "postgres_fe.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/object_name.h"
#include "failure.h"
#include "store/file_store.h"
#include "store/folder_walk.h"
#include "store/listing.h"

typedef struct Walk Walk;

/* What to do with a file: its folder's name ends with a slash or is empty. */
typedef void (*FileVisitor) (Walk *walk, int folder, const char *folder_name,
							 const char *entry, const struct stat *status);

struct Walk
{
	FileStore  *store;
	const char *prefix;
	FileVisitor visit;
	FolderWalk	folders;
	ListingBuilder builder;
};

/*
 * Has a folder in a folder walked, if objects with the prefix may be in it.
 */
static void
note_folder(Walk *walk, const char *parent_name, const char *entry)
{
	char	   *name = psprintf("%s%s", parent_name, entry);
	char	   *with_slash = psprintf("%s/", name);

	if (name_begins_with(with_slash, walk->prefix) && object_name_is_valid(name))
		folder_walk_add(&walk->folders, with_slash);
	pg_free(with_slash);
	pg_free(name);
}

/*
 * Visits a file, or notes a folder.  What vanished meanwhile is skipped.
 */
static void
walk_entry(Walk *walk, int folder, const char *folder_name, const char *entry)
{
	struct stat status;

	if (fstatat(folder, entry, &status, AT_SYMLINK_NOFOLLOW) != 0)
	{
		if (errno == ENOENT)
			return;
		fail_errno("could not examine \"%s%s\" in \"%s\"", folder_name, entry,
				   walk->store->store.url);
	}
	if (S_ISDIR(status.st_mode))
		note_folder(walk, folder_name, entry);
	else
		walk->visit(walk, folder, folder_name, entry, &status);
}

/*
 * Walks the entries of a folder, in no particular order.
 */
static void
walk_folder(void *context, const char *folder_name)
{
	Walk	   *walk = context;
	int			folder = file_folder_open(walk->store, folder_name, false);
	DIR		   *directory;
	struct dirent *entry;

	if (folder < 0 && errno == ENOENT)
		return;
	if (folder < 0 || (directory = fdopendir(folder)) == NULL)
		file_fail(walk->store, "list", folder_name);
	while (errno = 0, (entry = readdir(directory)) != NULL)
	{
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			walk_entry(walk, folder, folder_name, entry->d_name);
	}
	if (errno != 0)
		file_fail(walk->store, "list", folder_name);
	closedir(directory);
}

/*
 * Adds an object to the listing, if the file's name can be one.
 */
static void
list_file(Walk *walk, int folder, const char *folder_name, const char *entry,
		  const struct stat *status)
{
	char	   *name = psprintf("%s%s", folder_name, entry);
	const StoreObject object = {
		.name = name, .size = status->st_size, .modified = status->st_mtime
	};

	if (name_begins_with(name, walk->prefix) && object_name_is_valid(name))
		listing_add(&walk->builder, &object);
	pg_free(name);
}

StoreListing
file_list(Store *store, const char *prefix)
{
	Walk		walk = {
		.store = (FileStore *) store,
		.prefix = prefix,
		.visit = list_file
	};

	folder_walk_run(&walk.folders, prefix, walk_folder, &walk);
	folder_walk_end(&walk.folders);
	return listing_finish(&walk.builder);
}

/*
 * Removes a temporary file in a folder that has the prefix, and the folders
 * that are empty then.
 */
static void
sweep_file(Walk *walk, int folder, const char *folder_name, const char *entry,
		   const struct stat *status)
{
	char	   *name;

	if (!name_begins_with(entry, TEMPORARY_PREFIX) ||
		!name_begins_with(folder_name, walk->prefix))
		return;
	name = psprintf("%s%s", folder_name, entry);
	if (unlinkat(folder, entry, 0) != 0 && errno != ENOENT)
		file_fail(walk->store, "remove unfinished", name);
	file_folders_prune(walk->store, name);
	pg_free(name);
}

void
file_sweep(Store *store, const char *prefix)
{
	Walk		walk = {
		.store = (FileStore *) store,
		.prefix = prefix,
		.visit = sweep_file
	};

	folder_walk_run(&walk.folders, prefix, walk_folder, &walk);
	folder_walk_end(&walk.folders);
}

/*
 * Takes no interest in a file.
 */
static void
pass_file(Walk *walk, int folder, const char *folder_name, const char *entry,
		  const struct stat *status)
{
}

void
file_prune(Store *store, const char *prefix)
{
	Walk		walk = {
		.store = (FileStore *) store,
		.prefix = prefix,
		.visit = pass_file
	};

	/* A folder comes after the one that it is in; the first has the prefix. */
	folder_walk_run(&walk.folders, prefix, walk_folder, &walk);
	for (int i = walk.folders.count - 1; i > 0; i--)
		file_folders_prune(walk.store, walk.folders.folders[i]);
	folder_walk_end(&walk.folders);
}

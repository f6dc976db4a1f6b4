/*
 * Walking the folders of an SFTP server: listing objects, and removing what
 * writers that died, and deletions that were cut short, have left.
 */
#include "postgres_fe.h"

#include <time.h>

#include "common/object_name.h"
#include "failure.h"
#include "store/folder_walk.h"
#include "store/listing.h"
#include "store/sftp_store.h"

/* Names in a file system are shorter. */
#define ENTRY_SIZE 4096

/* Nobody takes longer to write an object than this between two writes. */
#define ABANDONED_S (24 * 3600)

typedef struct Walk Walk;

/* What to do with something in a folder, whose name ends with a slash or is empty. */
typedef void (*EntryVisitor) (Walk *walk, const char *folder, const StoreObject *entry,
							  bool is_folder);

/* An entry of a folder. */
typedef struct Entry
{
	StoreObject object;
	bool		is_folder;
	bool		is_file;
} Entry;

struct Walk
{
	SftpStore  *store;
	const char *prefix;
	EntryVisitor visit;
	FolderWalk	folders;
	char	   *path;			/* of the folder that is read */
	Entry	   *entries;		/* of it */
	int			entry_count;
	int			entry_capacity;
	ListingBuilder builder;
};

/*
 * Forgets the entries that were read of a folder.
 */
static void
forget_entries(Walk *walk)
{
	for (int i = 0; i < walk->entry_count; i++)
		pg_free(walk->entries[i].object.name);
	walk->entry_count = 0;
}

/*
 * Notes an entry, unless its name cannot be that of a file.
 */
static void
note_entry(Walk *walk, const char *name, int len,
		   const LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
	bool		has_type = (attributes->flags & LIBSSH2_SFTP_ATTR_PERMISSIONS) != 0;
	Entry	   *entry;

	if (strlen(name) != len || strchr(name, '/') != NULL ||
		strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (walk->entry_count == walk->entry_capacity)
	{
		walk->entry_capacity = Max(64, 2 * walk->entry_capacity);
		walk->entries = pg_realloc(walk->entries, walk->entry_capacity * sizeof(Entry));
	}
	entry = &walk->entries[walk->entry_count++];
	entry->object.name = pg_strdup(name);
	entry->object.size = (int64) attributes->filesize;
	entry->object.modified = (time_t) attributes->mtime;
	entry->is_folder = has_type && LIBSSH2_SFTP_S_ISDIR(attributes->permissions);
	entry->is_file = has_type && LIBSSH2_SFTP_S_ISREG(attributes->permissions);
}

/*
 * A step: reads all entries of a folder.
 */
static int
read_folder(SftpClient *client, void *context)
{
	Walk	   *walk = context;
	LIBSSH2_SFTP_HANDLE *handle = libssh2_sftp_opendir(client->sftp, walk->path);
	LIBSSH2_SFTP_ATTRIBUTES attributes;
	char		name[ENTRY_SIZE];
	int			len;

	forget_entries(walk);
	if (handle == NULL)
		return sftp_last_result(client);
	while (memset(&attributes, 0, sizeof(attributes)),
		   (len = libssh2_sftp_readdir(handle, name, sizeof(name) - 1, &attributes)) > 0)
	{
		name[len] = '\0';
		note_entry(walk, name, len, &attributes);
	}
	if (len == 0)
		(void) libssh2_sftp_closedir(handle);
	return len;
}

/*
 * Visits an entry, or notes a folder in which there may be objects with the
 * prefix.  Links are neither.
 */
static void
walk_entry(Walk *walk, const char *folder, const Entry *entry)
{
	char	   *name = psprintf("%s%s", folder, entry->object.name);
	char	   *with_slash = psprintf("%s/", name);

	if (!entry->is_folder || !object_name_is_valid(name))
	{
		if (entry->is_folder || entry->is_file)
			walk->visit(walk, folder, &entry->object, entry->is_folder);
	}
	else if (name_begins_with(with_slash, walk->prefix))
		folder_walk_add(&walk->folders, with_slash);
	pg_free(with_slash);
	pg_free(name);
}

/*
 * Walks the entries of a folder, in no particular order.
 */
static void
walk_folder(void *context, const char *folder)
{
	Walk	   *walk = context;
	SftpClient *client = &walk->store->client;
	int			status;

	walk->path = sftp_path(walk->store, folder, "");
	walk->path[strlen(walk->path) - 1] = '\0';
	status = sftp_do(client, read_folder, walk, "list", NULL);
	if (status != LIBSSH2_FX_OK && status != LIBSSH2_FX_NO_SUCH_FILE &&
		status != LIBSSH2_FX_NO_SUCH_PATH)
		sftp_fail(client, status, "list", NULL);
	if (status == LIBSSH2_FX_OK)
	{
		for (int i = 0; i < walk->entry_count; i++)
			walk_entry(walk, folder, &walk->entries[i]);
	}
	forget_entries(walk);
	pg_free(walk->path);
}

/*
 * Forgets what a walk needed.
 */
static void
end_walk(Walk *walk)
{
	folder_walk_end(&walk->folders);
	pg_free(walk->entries);
}

/*
 * Adds an object to the listing, if the file's name can be one.
 */
static void
list_file(Walk *walk, const char *folder, const StoreObject *entry, bool is_folder)
{
	char	   *name = psprintf("%s%s", folder, entry->name);
	StoreObject object = *entry;

	object.name = name;
	if (!is_folder && name_begins_with(name, walk->prefix) && object_name_is_valid(name))
		listing_add(&walk->builder, &object);
	pg_free(name);
}

StoreListing
sftp_list(Store *store, const char *prefix)
{
	Walk		walk = {
		.store = (SftpStore *) store,
		.prefix = prefix,
		.visit = list_file
	};

	folder_walk_run(&walk.folders, prefix, walk_folder, &walk);
	end_walk(&walk);
	return listing_finish(&walk.builder);
}

/*
 * Removes a temporary file or a claim in a folder that has the prefix, and the
 * folders that are empty then.
 */
static void
sweep_entry(Walk *walk, const char *folder, const StoreObject *entry, bool is_folder)
{
	const char *start = is_folder ? SFTP_CLAIM_PREFIX : SFTP_TEMPORARY_PREFIX;
	SftpPaths	paths;
	char	   *path;
	char	   *name;

	if (!name_begins_with(entry->name, start) || !name_begins_with(folder, walk->prefix))
		return;
	path = sftp_path(walk->store, folder, entry->name);
	name = psprintf("%s%s", folder, entry->name);
	paths.path = path;
	(void) sftp_do(&walk->store->client, is_folder ? sftp_remove_folder : sftp_remove_file,
				   &paths, "remove unfinished", name);
	sftp_prune_folders(walk->store, name, false);
	pg_free(name);
	pg_free(path);
}

void
sftp_sweep(Store *store, const char *prefix)
{
	Walk		walk = {
		.store = (SftpStore *) store,
		.prefix = prefix,
		.visit = sweep_entry
	};

	folder_walk_run(&walk.folders, prefix, walk_folder, &walk);
	end_walk(&walk);
}

/*
 * The same, if it was left long ago.
 */
static void
sweep_old_entry(Walk *walk, const char *folder, const StoreObject *entry, bool is_folder)
{
	if (entry->modified < time(NULL) - ABANDONED_S)
		sweep_entry(walk, folder, entry, is_folder);
}

void
sftp_prune(Store *store, const char *prefix)
{
	Walk		walk = {
		.store = (SftpStore *) store,
		.prefix = prefix,
		.visit = sweep_old_entry
	};

	/* A folder comes after the one that it is in; the first has the prefix. */
	folder_walk_run(&walk.folders, prefix, walk_folder, &walk);
	for (int i = walk.folders.count - 1; i > 0; i--)
		sftp_prune_folders(walk.store, walk.folders.folders[i], false);
	end_walk(&walk);
}

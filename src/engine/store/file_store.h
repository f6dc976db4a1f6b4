/*
 * A store that is a directory: what its parts share.
 *
 * Every path is walked from the descriptor of the directory, folder by
 * folder, and no symbolic link is followed, so that whoever can write into
 * the repository cannot send a reader or a writer outside of it.
 */
#ifndef ERPGO_ENGINE_STORE_FILE_STORE_H
#define ERPGO_ENGINE_STORE_FILE_STORE_H

#include "failure.h"
#include "store/store.h"

typedef struct FileStore
{
	Store		store;
	int			root;			/* descriptor of the directory */
} FileStore;

/*
 * Files that are being written are named so; no object's name has a component
 * that begins with a dot.
 */
#define TEMPORARY_PREFIX ".put-"

/* Opens the directory at path; with create, makes what is missing of it. */
extern Store *file_store_open(const char *url, const char *path, bool create);

/*
 * Opens the folder that holds, or would hold, the file of a name.  With
 * create, makes what is missing, durably.  -1 with errno on any error.
 */
extern int	file_folder_open(FileStore *store, const char *name, bool create);

/* The part of a name after its last slash. */
extern const char *file_last_component(const char *name);

/* Makes names that were made or removed in a folder durable; 0 or -1. */
extern int	file_folder_sync(int folder);

/* Closes a descriptor and leaves errno as it was. */
extern void file_close_quietly(int fd);

/* Removes the folders that a removed file has left empty. */
extern void file_folders_prune(FileStore *store, const char *name);

/*
 * Fails by errno: action, as "read", could not be done to an object.  What is
 * in the way of a name, a link or something else than a folder, is damage.
 */
extern void file_fail(FileStore *store, const char *action, const char *name)
			__attribute__((noreturn));

/* Callbacks of the store that have files of their own. */
extern Sink *file_put(Store *store, const char *name, PutMode mode);
extern StoreListing file_list(Store *store, const char *prefix);
extern void file_sweep(Store *store, const char *prefix);
extern void file_prune(Store *store, const char *prefix);

#endif

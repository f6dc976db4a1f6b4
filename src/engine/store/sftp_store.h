/*
 * A store that is a folder on an SFTP server: what its parts share.
 *
 * An object is a regular file, as in a store that is a directory.  Beside them
 * there are files and folders whose names begin with a dot, as no object's do.
 */
#ifndef ERPGO_ENGINE_STORE_SFTP_STORE_H
#define ERPGO_ENGINE_STORE_SFTP_STORE_H

#include "store/sftp_client.h"
#include "store/store.h"

/* Files that are being written are named so. */
#define SFTP_TEMPORARY_PREFIX ".put-"

/* Folders are named so while one process may make an object beside them. */
#define SFTP_CLAIM_PREFIX ".claim-"

typedef struct SftpStore
{
	Store		store;
	SftpClient	client;
	SftpUrl		url;
} SftpStore;

/* Opens the folder that a URL names; with create, makes what is missing. */
extern Store *sftp_store_open(const char *url, const StoreAccess *access,
							  bool create);

/* The path of a name, or of a name in a folder ("" or with its slash). */
extern char *sftp_path(SftpStore *store, const char *folder, const char *name);

/* The length of the part of a name before its last component. */
extern size_t sftp_folder_length(const char *name);

/*
 * Fails to store an object as a status of the server says, which has no word
 * for a full disk.
 */
extern void sftp_fail_write(SftpStore *store, int status, const char *name)
			__attribute__((noreturn));

/* Makes the folders that an object's file is in. */
extern void sftp_make_folders(SftpStore *store, const char *name);

/*
 * Removes the folders that a removed file has left empty.  With quietly, only
 * if there is a connection, and without a failure.
 */
extern void sftp_prune_folders(SftpStore *store, const char *name, bool quietly);

/* Is there anything of a name?  Fills in what it is. */
extern bool sftp_exists(SftpStore *store, const char *name,
						LIBSSH2_SFTP_ATTRIBUTES *attributes);

/*
 * Gives a file the name of an object, which must be free: false if it is not.
 * Of two processes that do, exactly one is told true.
 */
extern bool sftp_publish_new(SftpStore *store, const char *temporary,
							 const char *name);

/* Callbacks of the store that have files of their own. */
extern Sink *sftp_put(Store *store, const char *name, PutMode mode);
extern bool sftp_get(Store *store, const char *name, Sink *into);
extern StoreListing sftp_list(Store *store, const char *prefix);
extern void sftp_sweep(Store *store, const char *prefix);
extern void sftp_prune(Store *store, const char *prefix);

#endif

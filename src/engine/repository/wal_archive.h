/*
 * The WAL archive of a repository: the files that a server archives, each an
 * object whose name authenticates it (docs/REPOSITORY_FORMAT.md, section 12).
 */
#ifndef ERPGO_ENGINE_REPOSITORY_WAL_ARCHIVE_H
#define ERPGO_ENGINE_REPOSITORY_WAL_ARCHIVE_H

#include "common/wal_object.h"
#include "repository/repository.h"
#include "repository/sealing.h"

/* What a cluster key gives for WAL. */
typedef struct WalKey
{
	char		id[KEY_ID_SIZE];	/* of the cluster key, or the seal; "" for
									 * no encryption */
	char		name_key[KEY_HEX_SIZE]; /* authenticates names */
	char		passphrase[KEY_HEX_SIZE];
	const Seal *seal;			/* in write-only mode; else NULL */
	struct WalKey *next;
} WalKey;

typedef struct WalArchive
{
	Repository *repository;
	WalKey	   *keys;			/* those opened so far */
	const WalKey *current;		/* of new objects; NULL until it is needed */
} WalArchive;

/* An object of the archive that there is. */
typedef struct WalEntry
{
	WalObject	object;
	char	   *object_name;	/* in the store */
	time_t		modified;
} WalEntry;

/* A file of the archive, whatever else is known of its object. */
typedef struct WalFile
{
	WalName		name;
	char		file[WAL_NAME_SIZE];	/* as the server gave it */
	const StoreObject *stored;
} WalFile;

/* All files of the archive in the order of their names; the listing has them. */
typedef struct WalFiles
{
	StoreListing listing;
	WalFile    *files;
	int			count;
} WalFiles;

/* A file to be archived. */
typedef struct WalSource
{
	const char *file;			/* the name that the server gave it */
	const char *path;
	Compression compression;
	bool		encrypted;
} WalSource;

extern WalArchive *wal_archive_open(Repository *repository);

/* The key that new objects are encrypted with; makes one if there is none. */
extern const WalKey *wal_key_current(WalArchive *archive);

/*
 * The key with that name, "" for the one of objects that are not encrypted.
 * wanted_by is an object that names it.  Fails as cluster_key_open does.
 */
extern const WalKey *wal_key_open(WalArchive *archive, const char *id,
								  const char *wanted_by);

/*
 * What the name of an object says of its content ("content") and of its bytes
 * ("stored"), of which this is the SHA-256.
 */
extern void wal_proof(const WalArchive *archive, const WalKey *key,
					  const char *file, const char *of_what,
					  const char *sha256, char proof[WAL_PROOF_SIZE]);

/*
 * The objects that hold a file; none if count is 0.  Whatever else has such a
 * name is ignored.
 */
extern WalEntry *wal_archive_find(WalArchive *archive, const char *file,
								  int *count);

/*
 * Stores a file.  When this returns, it is in the archive, whole and durable;
 * false if the very same was there before.  Another content under this name
 * is FAILURE_DUPLICATE; a segment that is not one of this server's is
 * FAILURE_DAMAGED.
 */
extern bool wal_archive_push(WalArchive *archive, const WalSource *source);

/*
 * The same for several archives of one cluster, with the key of the first:
 * when this returns, the file is in all of them, as the same object unless one
 * had it before.  False if all had it.
 */
extern bool wal_archive_push_all(WalArchive *const *archives, int count,
								 const WalSource *source);

/*
 * Copies an object of one archive to another one of the same cluster, byte for
 * byte.  What is not what its name says is FAILURE_DAMAGED, and not copied.
 * Returns how many bytes it was.
 */
extern int64 wal_object_copy(WalArchive *from, const WalEntry *entry, WalArchive *to);

/*
 * Writes a file of the archive to a new file at path, and its SHA-256 into
 * *content; false if the archive has none.  What does not authenticate, and
 * two contents, are FAILURE_DAMAGED: then what is at path is not to be used.
 */
extern bool wal_archive_get(WalArchive *archive, const char *file,
							const char *path, Digest *content);

/*
 * Has a file of the archive go down a chain, which it ends, and its SHA-256
 * into *content; false, with the chain untouched, if the archive has none.
 * Fails as wal_archive_get does.
 */
extern bool wal_archive_read(WalArchive *archive, const char *file, Sink *chain,
							 Digest *content);

/*
 * Reads a history file into memory, with a terminating zero, allocated; NULL
 * if the archive has none.  Fails as wal_archive_get does.
 */
extern char *wal_archive_history(WalArchive *archive, uint32 timeline);

/*
 * Lists the whole archive; allocated.  Whatever else has such a name is
 * ignored.
 */
extern WalFiles wal_archive_files(Repository *repository);

/*
 * The segments of a timeline that are in the archive, whole ones only, in
 * their order; allocated.  One may be there more than once.
 */
extern WalName *wal_archive_segments(WalArchive *archive, uint32 timeline, int *count);

/*
 * Is a later segment of this one's timeline in the archive, although this one
 * is not?
 */
extern bool wal_archive_has_later(WalArchive *archive, const WalName *segment);

#endif

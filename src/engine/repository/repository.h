/*
 * A repository: the folder of one cluster in a store.
 *
 *   <cluster>/cluster.json
 *   <cluster>/key/<id>.json
 *   <cluster>/backup/<backup id>/writer.json
 *   <cluster>/backup/<backup id>/<object>
 *   <cluster>/backup/<backup id>/event/<time>-<kind>.json
 *   <cluster>/backup/<backup id>/manifest.json
 */
#ifndef ERPGO_ENGINE_REPOSITORY_REPOSITORY_H
#define ERPGO_ENGINE_REPOSITORY_REPOSITORY_H

#include "failure.h"
#include "repository/event.h"
#include "repository/manifest.h"
#include "store/store.h"

typedef struct Repository
{
	Store	   *store;
	char	   *cluster;
	char	   *prefix;			/* the cluster's folder, with its slash */
	char	   *system_identifier;	/* from cluster.json */
	const char *master_key;		/* or NULL */
} Repository;

/* What is known of a backup: its manifest and all events, oldest first. */
typedef struct Backup
{
	Manifest   *manifest;
	char		data_key[KEY_HEX_SIZE]; /* "" if it is not encrypted, or
										 * sealed and the private key is not
										 * here */
	Event	   *events;
	int			event_count;
} Backup;

/* An entry of the list of backups. */
typedef struct BackupEntry
{
	char		id[BACKUP_ID_SIZE];
	Backup	   *backup;			/* NULL if it could not be read */
	Failure		problem;		/* then this is why */
} BackupEntry;

/*
 * Opens the repository of a cluster to read it.  cluster may be NULL: then
 * it is the only one there is; none or several is FAILURE_UNDEFINED, with
 * their names.  master_key may be NULL.
 */
extern Repository *repository_open(const char *url, const char *cluster,
								   const char *master_key);

/*
 * Opens it to write: makes what is missing, and refuses (FAILURE_STATE) a
 * folder that belongs to a server with another system identifier.
 */
extern Repository *repository_open_writer(const char *url, const char *cluster,
										  const char *master_key,
										  const char *system_identifier);

/*
 * The same for who has written there before: nothing is made.  NULL if there
 * is nothing of the cluster; a store that is not there is FAILURE_UNDEFINED.
 */
extern Repository *repository_open_written(const char *url, const char *cluster,
										   const char *master_key,
										   const char *system_identifier);

extern void repository_close(Repository *repository);

/* The full name of something in a backup's folder; allocated. */
extern char *backup_object_name(const Repository *repository,
								const char *backup_id, const char *name);

/*
 * The identifiers of all backups that were published and are not being
 * deleted, oldest first; one whose manifest was lost since is among them.
 * Nothing is read but names.
 */
extern char **repository_backup_ids(Repository *repository, int *count);

/* "latest" becomes the newest backup's identifier; FAILURE_UNDEFINED if none. */
extern const char *repository_resolve_id(Repository *repository,
										 const char *id_or_latest);

/*
 * Reads and authenticates a backup's manifest and events.  A backup that does
 * not exist is FAILURE_UNDEFINED, a damaged one FAILURE_DAMAGED.
 */
extern Backup *backup_load(Repository *repository, const char *backup_id);

/*
 * Reads one backup in a child process: what is wrong with it becomes part of
 * the entry, and is no failure.
 */
extern BackupEntry repository_load_entry(Repository *repository, const char *id);

/*
 * Reads all backups, oldest first.  A damaged one is an entry with the
 * problem; it does not end the listing (each is read in a child process).
 */
extern BackupEntry *repository_load_all(Repository *repository, int *count);

/* What the events say. */
extern bool backup_is_pinned(const Backup *backup, const char **reason);

/*
 * The last verification that counts: when (ms since 1970) and how deep, from
 * the manifest and the events; returns false if that one failed, with what was
 * found in *problem.  A failure counts until a verification that looked as
 * deep goes well.
 */
extern bool backup_verification(const Backup *backup, int64 *at_ms,
								VerifyDepth *depth, const char **problem);

/*
 * When the damage was found that a backup has (ms since 1970), however often
 * since; 0 if it is good.
 */
extern int64 backup_damaged_since(const Backup *backup);

/*
 * When a verification of everything went well for the last time, even if
 * others looked less deep since; 0 if none did.
 */
extern int64 backup_full_verification(const Backup *backup);

/*
 * Stores an event of a backup; NULL is one without a manifest, of which nothing
 * but the names of its events counts.
 */
extern void backup_add_event(Repository *repository, const char *backup_id,
							 const Backup *backup, const Event *event);

/*
 * All objects in a backup's folder, whether it is finished or not; the names
 * are those in the store (backup_object_name).
 */
extern StoreListing backup_objects(Repository *repository,
								   const char *backup_id);

/*
 * Sees to it that all objects of a backup can be read.  Those that lie in an
 * archive of the store are asked for, all at once; until they are there, this
 * waits or, unless it is to wait, fails (FAILURE_STATE).
 */
extern void backup_require_thawed(Repository *repository, const char *backup_id, bool wait);

/*
 * Removes a backup that has no manifest, whatever there is of it.  No error
 * if nothing is there; refuses (FAILURE_STATE) if a manifest is, but for a
 * writer.json beside it, which means nothing.
 */
extern void backup_discard(Repository *repository, const char *backup_id);

/* --- making a backup --- */

/* A backup that is being made. */
typedef struct BackupWriter
{
	Repository *repository;
	Manifest   *manifest;		/* grows with each object */
	char		data_key[KEY_HEX_SIZE]; /* "" if it is not encrypted */
	int			workers;		/* processes that compress */
	char	   *claim;			/* what writer.json says */
	int64		claimed_ms;		/* when it was stored, by clock_ms */
} BackupWriter;

/* An object that is being made. */
typedef struct ObjectWriter
{
	Sink	   *chain;			/* write plain bytes here */
	int64		size;			/* plain bytes so far */
	Digest		stored;
	ManifestObject object;		/* what the manifest will say */
} ObjectWriter;

/*
 * Prepares a backup: makes its data key where cipher asks for one, and fails if
 * the master key does not open the cluster's.  manifest holds identifier, type,
 * compression, cipher, versions and times.
 */
extern BackupWriter *backup_prepare(Repository *repository, Manifest *manifest,
									int workers);

/*
 * Begins it: takes its folder by writer.json (FAILURE_DUPLICATE if somebody has
 * it).
 */
extern void backup_begin(BackupWriter *writer);

/*
 * Begins to copy a backup whose manifest is known into a folder: takes it by
 * writer.json, too, and may take one over whose writer is gone, with what is
 * in it.  FAILURE_STATE if somebody writes, or deletes, there; FAILURE_DUPLICATE
 * if the folder holds a finished backup.
 */
extern BackupWriter *backup_begin_copy(Repository *repository, Manifest *manifest);

/*
 * Stores a manifest, given as text, last of all, reads it back, and removes
 * writer.json.
 */
extern void backup_publish_copy(BackupWriter *writer, const char *manifest);

/*
 * Stores writer.json anew if the last time was a minute ago or more, so that
 * its age tells other machines that the backup is still being made.  Where
 * that fails, it is tried again a minute later: a day may pass before anybody
 * takes the backup for one that was left.
 */
extern void backup_renew(BackupWriter *writer);

/*
 * Begins an object.  The name gets the suffixes of compression and cipher:
 * "globals.sql" becomes "globals.sql.zst.aes".  database may be NULL.
 */
extern ObjectWriter *object_begin(BackupWriter *writer, ObjectKind kind,
								  const char *name, const char *database);

/*
 * The same for one whose bytes the caller compresses: the chain takes frames,
 * and the caller adds up the plain bytes in the object's size.
 */
extern ObjectWriter *object_begin_framed(BackupWriter *writer, ObjectKind kind,
										 const char *name);

/*
 * Finishes an object: it is durable, and an entry of the manifest, which is
 * returned and may be completed until the next one is finished.
 */
extern ManifestObject *object_finish(BackupWriter *writer,
									 ObjectWriter *object);

/*
 * Writes the manifest, last of all, reads it back, and removes writer.json.
 * finished_ms and verified_depth are set by the caller.
 */
extern void backup_publish(BackupWriter *writer);

/* --- reading a backup --- */

/*
 * Reads the stored bytes of an object and compares size and digest with the
 * manifest; FAILURE_DAMAGED that names the object where they differ or it is
 * missing.  With forget, from the medium.  *done grows as bytes are read;
 * progress (may be NULL) is called every now and then.
 */
typedef void (*ProgressCallback) (void);

extern void object_verify_digest(Repository *repository, const char *backup_id,
								 const ManifestObject *object, bool forget,
								 int64 *done, ProgressCallback progress);

/*
 * Writes the stored bytes of an object into a chain, which is finished (but not
 * released) only if they are what the manifest says; fails as
 * object_verify_digest does.  *done (done may be NULL) grows with them.
 */
extern void object_read_stored(Repository *repository, const char *backup_id,
							   const ManifestObject *object, Sink *into,
							   int64 *done);

/*
 * Fails if a backup is encrypted and its key is not here: it is sealed, and the
 * private key is elsewhere.
 */
extern void backup_require_key(const Backup *backup);

/* Decrypts what a backup's object holds (decrypt_sink); name is for messages. */
extern Sink *backup_decrypt_sink(Sink *next, const Backup *backup, const char *name);

/*
 * Writes the plain bytes of an object into a chain, and finishes (but does
 * not release) the chain.  The caller has verified the digest before; it is
 * computed again on the way and compared at the end.
 */
extern void object_read(Repository *repository, const Backup *backup,
						const ManifestObject *object, Sink *into);

/*
 * The plain bytes of a small object, allocated, with a terminating zero that
 * *len does not count; one that is not small is FAILURE_DAMAGED.
 */
extern char *object_read_bytes(Repository *repository, const Backup *backup,
							   const ManifestObject *object, size_t *len);

#endif

/*
 * What the jobs of the server have in common.
 */
#ifndef ERPGO_ENGINE_COMMAND_JOB_H
#define ERPGO_ENGINE_COMMAND_JOB_H

#include "command/command.h"
#include "database/connection.h"

/* Does a job; the body of its result.  An unknown one is FAILURE_USAGE. */
extern json_t *job_run(json_t *job);

/* Which job it is, for messages: "backup \"…\"", "check"; allocated. */
extern char *job_title(json_t *job);

/*
 * A text of the job description, living as long as that; NULL if it is null
 * or missing.  Required, that is FAILURE_USAGE.
 */
extern const char *job_text(json_t *job, const char *key);
extern const char *job_required_text(json_t *job, const char *key);

/* A number of the job description, or what to take if it has none. */
extern int64 job_integer(json_t *job, const char *key, int64 otherwise);

/* The identifier of a backup that the job is about, checked. */
extern const char *job_backup_id(json_t *job);

/* The depth of a verification that the job asks for. */
extern VerifyDepth job_depth(json_t *job);

/* The names in "databases"; NULL for all databases. */
extern char **job_databases(json_t *job, int *count);

/* Loads the secrets and opens the repository to write. */
extern Repository *job_repository(json_t *job);

/* The same, for a job that only the owner of the cluster's folder may do. */
extern Repository *job_owned_repository(json_t *job);

/*
 * The same for one of which the server has others: nothing is made, and NULL
 * if there is nothing of the cluster.
 */
extern Repository *job_further_repository(json_t *job);

/* The same, for a job that only the owner may do. */
extern Repository *job_owned_further_repository(json_t *job);

/*
 * The same, for a job of the owner on a copy that was made there before: fails
 * (FAILURE_GONE) if there is nothing of the cluster.
 */
extern Repository *job_copied_repository(json_t *job);

/* Is the job about a further repository, or a copy in one? */
extern bool job_is_about_copy(json_t *job);

/* How to reach the server. */
extern ServerAddress job_server_address(json_t *job);

/*
 * Tells the server how much room there is in the repository of the job, or with
 * a URL in a further one.
 */
extern void job_send_space(Repository *repository, const char *further_url);

/*
 * From now on, writing to the repository leaves the job's share of it free.
 * Fails (FAILURE_DISK_FULL), with nothing written, if so many bytes do not
 * fit any more.
 */
extern void job_require_space(json_t *job, Repository *repository,
							  int64 expected);

/* The version of the server, as in PG_VERSION_NUM. */
extern int	job_server_version(json_t *job);

/* The folder of the server's programs. */
extern const char *job_bindir(json_t *job);

/*
 * Fails (FAILURE_STATE) if the repository is, symbolic links followed, inside
 * of the data directory or of a tablespace.
 */
extern void job_require_outside(json_t *job);

/*
 * The same for another file or folder: a real path.  What it is, and the
 * hint, are for the message.
 */
extern void job_require_path_outside(json_t *job, const char *what,
									 const char *path, const char *hint);

/*
 * Connects to a database that is always there, if not dropped: "postgres", or
 * else "template1".
 */
extern PGconn *job_connect(const ServerAddress *address);

/*
 * How new backups are encrypted: the job's "encryption", of which "auto"
 * takes what the secrets allow.  FAILURE_KEY if the key that it takes is not
 * set.
 */
extern Cipher job_cipher(json_t *job, Repository *repository);

/* --- making a backup --- */

/* The type of the backup, which its identifier names too. */
extern BackupType job_backup_type(json_t *job);

/* How the job wants backups to be compressed. */
extern Compression job_compression(json_t *job);

/* What is known of the backup before it is made; allocated. */
extern Manifest *job_manifest(json_t *job, Repository *repository);

/*
 * Takes the backup's folder, which from now on is ours to remove.  workers as
 * for backup_begin.
 */
extern BackupWriter *job_begin_backup(Repository *repository,
									  Manifest *manifest, int workers);

/*
 * Reads back what was stored, to the depth that the job asks for, publishes
 * the backup, and tells the server of it.
 */
extern void job_finish_backup(json_t *job, BackupWriter *writer,
							  int64 bytes_done);

/* Makes a backup of the cluster's files. */
extern json_t *job_backup_physical(json_t *job);

/*
 * Sends a backup as JSON, and frees that.  Where the line would be too long
 * with them, the sizes of tables are left out, or all objects.
 */
extern void job_send_backup(json_t *backup);

#endif

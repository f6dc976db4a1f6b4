/*
 * The subcommands, and the jobs that the server gives.
 */
#ifndef ERPGO_ENGINE_COMMAND_COMMAND_H
#define ERPGO_ENGINE_COMMAND_COMMAND_H

#include <jansson.h>

#include "repository/repository.h"

/* What every subcommand understands. */
typedef struct CommonOptions
{
	const char *repository;		/* URL */
	const char *cluster;		/* or NULL: the only one there is */
	const char *secrets_file;	/* or NULL */
	const char *encryption_key_command; /* or NULL */
	const char *encryption_public_key;	/* path, or NULL */
	const char *bindir;			/* of PostgreSQL's programs, or NULL */
	bool		json;
	bool		quiet;			/* no progress bar */
	int			jobs;
} CommonOptions;

/*
 * Subcommands: argc and argv are what follows the common options, argv[0] is
 * the subcommand's name.  The result is the exit code.
 */
extern int	command_list(const CommonOptions *options, int argc, char **argv);
extern int	command_show(const CommonOptions *options, int argc, char **argv);
extern int	command_verify(const CommonOptions *options, int argc, char **argv);
extern int	command_backup(const CommonOptions *options, int argc, char **argv);
extern int	command_register_standby(const CommonOptions *options, int argc, char **argv);
extern int	command_restore(const CommonOptions *options, int argc, char **argv);
extern int	command_expire(const CommonOptions *options, int argc, char **argv);
extern int	command_keys(const CommonOptions *options, int argc, char **argv);
extern int	command_rekey(const CommonOptions *options, int argc, char **argv);
extern int	command_window(const CommonOptions *options, int argc, char **argv);
extern int	command_check(const CommonOptions *options, int argc, char **argv);
extern int	command_copy(const CommonOptions *options, int argc, char **argv);
extern int	command_wal_push(const CommonOptions *options, int argc, char **argv);
extern int	command_wal_get(const CommonOptions *options, int argc, char **argv);
extern int	command_notify_test(const CommonOptions *options, int argc, char **argv);
extern int	command_version(const CommonOptions *options, int argc, char **argv);

/* The complete help of each. */
extern const char *const help_list;
extern const char *const help_show;
extern const char *const help_verify;
extern const char *const help_backup;
extern const char *const help_register_standby;
extern const char *const help_restore;
extern const char *const help_expire;
extern const char *const help_keys;
extern const char *const help_rekey;
extern const char *const help_window;
extern const char *const help_check;
extern const char *const help_copy;
extern const char *const help_wal_push;
extern const char *const help_wal_get;
extern const char *const help_notify_test;
extern const char *const help_version;

/*
 * Opens the repository that the options name, or the first of a list, with the
 * secrets loaded.
 */
extern Repository *repository_from_options(const CommonOptions *options);

/*
 * Jobs of the server.  Each sends what it has to say (protocol.h) and returns
 * the body of its result.
 */
extern json_t *job_backup(json_t *job);
extern json_t *job_verify(json_t *job);
extern json_t *job_sync(json_t *job);
extern json_t *job_adopt(json_t *job);
extern json_t *job_event(json_t *job);
extern json_t *job_discard(json_t *job);
extern json_t *job_check(json_t *job);
extern json_t *job_expire(json_t *job);
extern json_t *job_measure(json_t *job);
extern json_t *job_tail(json_t *job);
extern json_t *job_metrics(json_t *job);
extern json_t *job_notify(json_t *job);
extern json_t *job_archive(json_t *job);
extern json_t *job_listen(json_t *job);
extern json_t *job_window(json_t *job);
extern json_t *job_copy(json_t *job);
extern json_t *job_copy_wal(json_t *job);

/*
 * Verifies a backup to a depth (VERIFY_DIGEST to VERIFY_FULL), reporting
 * progress; anything wrong is a failure, and so are objects in the backup's
 * folder that the manifest does not name.  So many processes do it, two at
 * least.
 */
extern void backup_verify(Repository *repository, const Backup *backup,
						  VerifyDepth depth, const char *pg_restore, int jobs);

/* A backup as JSON, for "show --json", "list --json" and the server. */
extern json_t *backup_to_json(const Backup *backup);

/* The same for an entry of the list, which may be one that cannot be read. */
extern json_t *backup_entry_to_json(const BackupEntry *entry);

/* The findings of "check": {"name", "status", "message", "hint"} each. */
extern json_t *check_repository(Repository *repository);

/* The findings on who can read the backups. */
extern json_t *check_keys(Repository *repository);

/*
 * How many master keys open the cluster key that new backups use; 0 if the
 * present one opens none.
 */
extern int	cluster_key_recipients(Repository *repository);

/*
 * The findings on the WAL archive, one for each timeline that is alive: is all
 * WAL there from the first backup of its last recovery window on?
 */
extern json_t *check_wal(Repository *repository);

/* Prints how to restore a backup without this program. */
extern void break_glass_print(const CommonOptions *options,
							  Repository *repository, const Backup *backup);

/* "1.2 GB", "3 min 4 s", "2 h ago": for people. */
extern char *bytes_text(int64 bytes);
extern char *duration_text(int64 milliseconds);

#endif

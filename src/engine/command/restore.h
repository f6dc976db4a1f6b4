/*
 * The steps of restoring a logical backup.
 */
#ifndef ERPGO_ENGINE_COMMAND_RESTORE_H
#define ERPGO_ENGINE_COMMAND_RESTORE_H

#include "command/restore_cluster.h"
#include "lib/stringinfo.h"

/* No program gets more arguments than this. */
#define ARGUMENT_LIMIT 1024

/* Arguments of a program, ending with NULL. */
typedef struct ArgumentList
{
	const char *items[ARGUMENT_LIMIT];
	int			count;
} ArgumentList;

extern void argument_list_add(ArgumentList *list, const char *item);

/* What the user asks for. */
typedef struct RestoreRequest
{
	const char *id;
	const char *database;		/* whose dump; NULL for none */
	const char *conninfo;		/* the target */
	bool		create;
	bool		globals;
	bool		keep_partial;
	bool		allow_unencrypted;
	bool		wait_for_thaw;
	bool		force;
	bool		is_verified;	/* its digests have been compared */
	int			jobs;
	const char *temp_dir;		/* or NULL */
	const char *to_file;		/* or NULL */
	ArgumentList passed_on;		/* options that pg_restore understands */
	ClusterRequest cluster;		/* of a physical restore */
} RestoreRequest;

/* A restore under way. */
typedef struct Restore
{
	RestoreRequest request;
	Repository *repository;
	char	   *found_id;		/* shared: the backup that a try found good */
	Backup	   *backup;
	const ManifestObject *dump; /* or NULL */
	const ManifestObject *globals;	/* or NULL */
	json_t	   *properties;		/* of the database, if it is to be created */
	char	   *pg_restore;
	char	   *psql;
	char	   *target_name;	/* the database to fill */
	char	   *target_conninfo;
	char	   *maintenance_conninfo;	/* to a database that is always there */
	bool		extension_available;	/* erpgo_backup, at the target */
	int			globals_skipped;	/* statements whose object existed */
} Restore;

/*
 * The environment of the programs: what libpq looks at in the user's own.
 * Ends with NULL.
 */
extern const char *const *client_environment(void);

/*
 * Finds out whether the target is there and fits, and fills in names and
 * connection strings.  Changes nothing.
 */
extern void restore_check_target(Restore *restore);

/* Creates the target database, empty and without its properties. */
extern void restore_create_database(Restore *restore);

/* Gives the created database the properties of the original. */
extern void restore_apply_properties(Restore *restore);

/* Drops the database that restore_create_database made. */
extern void restore_drop_database(Restore *restore);

/* Restores the roles and tablespaces that the target lacks. */
extern void restore_globals(Restore *restore);

/* Fills the target database.  Needs the workspace where restore_needs_workspace. */
extern void restore_dump(Restore *restore);
extern bool restore_needs_workspace(const Restore *restore);

/* Writes an object in plain to the file that the request names. */
extern int	restore_to_file(Restore *restore, const ManifestObject *object);

/* What a line of psql's messages says. */
typedef enum GlobalsMessage
{
	GLOBALS_NOTHING,			/* no error */
	GLOBALS_EXISTS,				/* the object existed */
	GLOBALS_ERROR
} GlobalsMessage;

/*
 * Reads a line that psql wrote with VERBOSITY verbose.  *reason, inside it,
 * is what is wrong.
 */
extern GlobalsMessage globals_message(const char *line, const char **reason);

/* The major version in "pg_restore (PostgreSQL) 15.20 (Debian …)"; 0 for none. */
extern int	program_major_version(const char *version_line);

#endif

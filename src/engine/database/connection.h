/*
 * Connections to a PostgreSQL server, through libpq.
 */
#ifndef ERPGO_ENGINE_DATABASE_CONNECTION_H
#define ERPGO_ENGINE_DATABASE_CONNECTION_H

#include "libpq-fe.h"
#include "postgres_fe.h"

/* Where the server that is backed up can be reached. */
typedef struct ServerAddress
{
	const char *conninfo;		/* what the administrator set, or NULL */
	const char *socket_directory;
	int			port;
	const char *user;			/* the cluster's superuser */
	const char *application_name;
} ServerAddress;

/*
 * Makes a conninfo string for a database of the server: keyword='value' pairs
 * safe for any name.  An explicit conninfo goes first, then what it leaves
 * out.  Holds no secret: an explicit one with a password is FAILURE_USAGE.
 * Allocated.
 */
extern char *server_conninfo(const ServerAddress *address,
							 const char *database);

/*
 * The conninfo that a user gave, with another database and application name.
 * FAILURE_USAGE as above.
 */
extern char *conninfo_with_database(const char *conninfo, const char *database,
									const char *application_name);

/*
 * The environment entries that hand a password (secret POSTGRES_PASSWORD) to
 * child programs and to this process: PGPASSFILE naming a temporary 0600
 * file that is removed at exit.  Without that secret, an empty list.  A
 * NULL-terminated array, made once a process.
 */
extern const char *const *connection_environment(void);

/* Removes such files of processes that were killed. */
extern void password_remove_abandoned(void);

/*
 * Connects.  FAILURE_CONNECTION if it cannot be done, FAILURE_UNDEFINED if
 * there is no such database, FAILURE_PERMISSION where pg_hba.conf refused,
 * with the line to add as hint.  search_path is empty, timeouts are
 * off, and the client encoding is the database's.
 */
extern PGconn *connect_or_fail(const char *conninfo);

/* The same, but NULL if there is no such database. */
extern PGconn *connect_if_exists(const char *conninfo);

/*
 * Runs a query that returns rows; FAILURE_PROGRAM with the server's message
 * if it fails.  params are texts, or NULL if nparams is 0.
 */
extern PGresult *query_or_fail(PGconn *connection, const char *query,
							   int nparams, const char *const *params);

/* Runs a command without result. */
extern void execute_or_fail(PGconn *connection, const char *command);

#endif

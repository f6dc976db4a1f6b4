/*
 * The database that a backup is restored into.
 */
#include "postgres_fe.h"

#include "command/restore.h"
#include "database/catalog.h"
#include "isolated.h"
#include "process.h"

/* How our connections are called in pg_stat_activity. */
#define APPLICATION_NAME "erpgo_backup restore"

/*
 * Connects to a database, which must be UTF-8 towards us: names come from
 * JSON.
 */
static PGconn *
connect_utf8(const char *conninfo)
{
	PGconn	   *connection = connect_or_fail(conninfo);

	if (PQsetClientEncoding(connection, "UTF8") != 0)
		fail(FAILURE_STATE, NULL, "cannot use UTF-8 in database \"%s\": %s",
			 PQdb(connection), PQerrorMessage(connection));
	return connection;
}

static void
connect_step(void *context)
{
	PQfinish(connect_or_fail(context));
}

/*
 * The connection string of a database of the target server that is always
 * there: "postgres", or where that was dropped "template1".
 */
static char *
find_maintenance_database(const char *conninfo)
{
	char	   *postgres = conninfo_with_database(conninfo, "postgres",
												  APPLICATION_NAME);
	Failure		problem;

	if (isolated_run(connect_step, postgres, &problem))
		return postgres;
	if (problem.kind != FAILURE_UNDEFINED)
		fail_with(&problem);
	pg_free(postgres);
	return conninfo_with_database(conninfo, "template1", APPLICATION_NAME);
}

/*
 * The database that a connection string names; NULL if it names none.
 */
static char *
conninfo_database(const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	char	   *database = NULL;

	for (PQconninfoOption *option = options;
		 option != NULL && option->keyword != NULL; option++)
	{
		if (strcmp(option->keyword, "dbname") == 0 && option->val != NULL &&
			option->val[0] != '\0')
			database = pg_strdup(option->val);
	}
	PQconninfoFree(options);
	return database;
}

/*
 * What --dbname says as a connection string: it may be just a name.
 */
static char *
complete_conninfo(const char *given)
{
	if (strchr(given, '=') != NULL ||
		strncmp(given, "postgresql://", strlen("postgresql://")) == 0 ||
		strncmp(given, "postgres://", strlen("postgres://")) == 0)
		return pg_strdup(given);
	return conninfo_with_database("", given, APPLICATION_NAME);
}

/*
 * Does a query with one parameter return any row?
 */
static bool
has_row(PGconn *connection, const char *query, const char *parameter)
{
	const char *params[] = {parameter};
	PGresult   *rows = query_or_fail(connection, query, 1, params);
	bool		found = PQntuples(rows) > 0;

	PQclear(rows);
	return found;
}

/*
 * Compares the server's version with that of the one that was backed up.
 */
static void
check_server_version(const Restore *restore, PGconn *connection)
{
	int			source = restore->backup->manifest->server_version / 10000;
	int			target = PQserverVersion(connection) / 10000;

	if (target < source)
		notice("warning", NULL,
			   "the backup is of PostgreSQL %d, the target is PostgreSQL %d, which may not understand all of it",
			   source, target);
}

int
program_major_version(const char *version_line)
{
	const char *version = strstr(version_line, "(PostgreSQL) ");

	return version == NULL ? 0 : atoi(version + strlen("(PostgreSQL) "));
}

/*
 * Fails if pg_restore is older than the pg_dump that made the dump.
 */
static void
check_pg_restore(const Restore *restore)
{
	const char *argv[] = {restore->pg_restore, "--version", NULL};
	Program    *program = program_start(argv, NULL, PROGRAM_OUT);
	char		line[256];
	size_t		len = program_read(program, line, sizeof(line) - 1);
	int			needed = restore->backup->manifest->server_version / 10000;
	int			found;

	line[len] = '\0';
	program_finish(program, "its version");
	found = program_major_version(line);
	if (found < needed)
		fail(FAILURE_STATE, "Name the directory of newer programs with --bindir.",
			 "\"%s\" is of PostgreSQL %d, but the dump was made by pg_dump %d",
			 restore->pg_restore, found, needed);
}

/*
 * Looks whether the target database is there, as the request wants it.
 */
static void
check_database(Restore *restore, PGconn *maintenance)
{
	bool		exists = has_row(maintenance,
								 "SELECT FROM pg_catalog.pg_database WHERE datname = $1",
								 restore->target_name);

	if (restore->request.create && exists)
		fail(FAILURE_DUPLICATE,
			 "Name another database in --dbname, or drop that one first.",
			 "cannot create database \"%s\": it already exists", restore->target_name);
	if (!restore->request.create && !exists)
		fail(FAILURE_UNDEFINED, "It can be created with --create.",
			 "database \"%s\" does not exist", restore->target_name);
	restore->extension_available = has_row(maintenance,
										   "SELECT FROM pg_catalog.pg_available_extensions WHERE name = $1",
										   "erpgo_backup");
}

/*
 * Decides which database is to be filled.
 */
static void
name_target(Restore *restore, const char *conninfo)
{
	restore->target_name = conninfo_database(conninfo);
	if (restore->target_name == NULL && restore->request.create)
		restore->target_name = pg_strdup(restore->request.database);
	if (restore->target_name == NULL)
		fail(FAILURE_USAGE, "Add \"dbname=...\" to it.",
			 "--dbname does not say which database to restore into");
	restore->target_conninfo = conninfo_with_database(conninfo,
													  restore->target_name,
													  APPLICATION_NAME);
}

void
restore_check_target(Restore *restore)
{
	char	   *conninfo = complete_conninfo(restore->request.conninfo);
	PGconn	   *maintenance;

	restore->maintenance_conninfo = find_maintenance_database(conninfo);
	maintenance = connect_utf8(restore->maintenance_conninfo);
	check_server_version(restore, maintenance);
	if (restore->dump != NULL)
	{
		name_target(restore, conninfo);
		check_database(restore, maintenance);
		check_pg_restore(restore);
	}
	PQfinish(maintenance);
	pg_free(conninfo);
}

void
restore_create_database(Restore *restore)
{
	PGconn	   *connection = connect_utf8(restore->maintenance_conninfo);
	char	   *statement = database_create_statement(connection,
													  restore->properties,
													  restore->target_name);

	execute_or_fail(connection, statement);
	PQfinish(connection);
}

/*
 * Lets the programs that fill the database be undisturbed by settings that
 * the original had: an option of the connection outweighs them.
 */
static void
outweigh_settings(Restore *restore)
{
	static const char options[] =
		"-c default_transaction_read_only=off -c role=none";
	PQconninfoOption *given = PQconninfoParse(restore->target_conninfo, NULL);
	const char *own = "";
	StringInfoData conninfo;

	for (PQconninfoOption *option = given;
		 option != NULL && option->keyword != NULL; option++)
	{
		if (strcmp(option->keyword, "options") == 0 && option->val != NULL)
			own = option->val;
	}

	/* The last of two values of a keyword counts. */
	initStringInfo(&conninfo);
	appendStringInfo(&conninfo, "%s options='", restore->target_conninfo);
	for (; *own != '\0'; own++)
		appendStringInfo(&conninfo, *own == '\'' || *own == '\\' ? "\\%c" : "%c",
						 *own);
	appendStringInfo(&conninfo, " %s'", options);
	restore->target_conninfo = conninfo.data;
	PQconninfoFree(given);
}

/*
 * They are set before the database is filled, as pg_restore --create does:
 * what is executed meanwhile, such as the queries of materialized views, may
 * depend on them.
 */
void
restore_apply_properties(Restore *restore)
{
	PGconn	   *connection = connect_utf8(restore->maintenance_conninfo);

	database_apply_properties(connection, restore->properties,
							  restore->target_name);
	PQfinish(connection);
	outweigh_settings(restore);
}

void
restore_drop_database(Restore *restore)
{
	PGconn	   *connection = connect_utf8(restore->maintenance_conninfo);
	char	   *name = PQescapeIdentifier(connection, restore->target_name,
										  strlen(restore->target_name));

	/* It may have become a template already, which cannot be dropped. */
	execute_or_fail(connection, psprintf("ALTER DATABASE %s IS_TEMPLATE false",
										 name));
	execute_or_fail(connection, psprintf("DROP DATABASE %s WITH (FORCE)", name));
	PQfreemem(name);
	PQfinish(connection);
	notice("log", NULL, "database \"%s\" was dropped again", restore->target_name);
}

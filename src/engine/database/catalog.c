/*
 * Which databases a server has.
 */
#include "postgres_fe.h"

#include "database/catalog.h"
#include "failure.h"

/*
 * A connection limit of -2 marks what an interrupted DROP DATABASE left.
 */
static const char databases_query[] =
"SELECT datname, datallowconn AND datconnlimit <> -2,"
" datname NOT IN ('template0', 'template1')"
" FROM pg_catalog.pg_database ORDER BY datname";

enum
{
	COLUMN_NAME,
	COLUMN_CONNECTABLE,
	COLUMN_DEFAULT
};

/*
 * Is a column of a row true?
 */
static bool
is_true(const PGresult *rows, int row, int column)
{
	return strcmp(PQgetvalue(rows, row, column), "t") == 0;
}

/*
 * Is this database to be backed up: one that is wanted, or without such a
 * list, any that we can connect to but the templates?
 */
static bool
is_chosen(const PGresult *rows, int row, char **wanted, int wanted_count)
{
	if (wanted == NULL)
		return is_true(rows, row, COLUMN_CONNECTABLE) &&
			is_true(rows, row, COLUMN_DEFAULT);
	for (int i = 0; i < wanted_count; i++)
	{
		if (strcmp(wanted[i], PQgetvalue(rows, row, COLUMN_NAME)) == 0)
			return true;
	}
	return false;
}

/*
 * Checks that a wanted database can be backed up.
 */
static void
check_wanted(const PGresult *rows, const char *name)
{
	for (int row = 0; row < PQntuples(rows); row++)
	{
		if (strcmp(PQgetvalue(rows, row, COLUMN_NAME), name) != 0)
			continue;
		if (!is_true(rows, row, COLUMN_CONNECTABLE))
			fail(FAILURE_UNDEFINED, NULL,
				 "database \"%s\" does not accept connections", name);
		return;
	}
	fail(FAILURE_UNDEFINED, NULL, "database \"%s\" does not exist", name);
}

char	  **
catalog_databases(PGconn *connection, char **wanted, int wanted_count,
				  int *count)
{
	PGresult   *rows = query_or_fail(connection, databases_query, 0, NULL);
	char	  **names = pg_malloc0((PQntuples(rows) + 1) * sizeof(char *));

	for (int i = 0; wanted != NULL && i < wanted_count; i++)
		check_wanted(rows, wanted[i]);

	*count = 0;
	for (int row = 0; row < PQntuples(rows); row++)
	{
		if (is_chosen(rows, row, wanted, wanted_count))
			names[(*count)++] = pg_strdup(PQgetvalue(rows, row, COLUMN_NAME));
	}
	PQclear(rows);
	return names;
}

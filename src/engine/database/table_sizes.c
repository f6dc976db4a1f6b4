/*
 * Which tables of a database are the largest.
 *
 * pg_table_size() would open each table, and so wait for whoever has locked
 * one, while pg_dump holds locks on the others.  Where a table's file lies is
 * told by the catalog alone, and looking at a file needs no lock.
 */
#include "postgres_fe.h"

#include "database/table_sizes.h"
#include "failure.h"

/* These have no conversion to UTF-8. */
#define NOT_CONVERTIBLE "('SQL_ASCII', 'MULE_INTERNAL')"

/* Looking at many files may take long. */
static const char begin_query[] =
"SAVEPOINT table_sizes;"
" SELECT pg_catalog.set_config('statement_timeout', '30s', true);"
" SELECT pg_catalog.set_config('client_encoding', 'UTF8', true)"
" WHERE pg_catalog.getdatabaseencoding() NOT IN " NOT_CONVERTIBLE;

static const char end_query[] = "ROLLBACK TO SAVEPOINT table_sizes";

/*
 * Of the tables of extensions, pg_dump takes the rows of those that hold what
 * users configured.  A file is followed by another one when it is full.
 */
static const char sizes_query[] =
"WITH RECURSIVE chosen AS ("
"SELECT c.oid, c.reltoastrelid,"
" pg_catalog.format('%I.%I', n.nspname, c.relname) AS name"
" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" WHERE c.relkind = 'r' AND c.relpersistence <> 't'"
" AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
" AND (NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
"  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
"  AND d.objid = c.oid AND d.deptype = 'e')"
" OR EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE c.oid = ANY (e.extconfig)))),"
" segment (bytes) AS ("
"SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('segment_size'))),"
" piece (oid, path, number, bytes) AS ("
"SELECT c.oid, f.path, 0, s.size"
" FROM chosen c, LATERAL (VALUES (c.oid), (c.reltoastrelid)) r (oid),"
" LATERAL (SELECT pg_catalog.pg_relation_filepath(r.oid)) f (path),"
" LATERAL pg_catalog.pg_stat_file(f.path, true) s"
" UNION ALL "
"SELECT p.oid, p.path, p.number + 1, s.size"
" FROM piece p, segment g,"
" LATERAL pg_catalog.pg_stat_file(p.path || '.' || (p.number + 1), true) s"
" WHERE p.bytes >= g.bytes)"
" SELECT CASE WHEN pg_catalog.getdatabaseencoding() IN " NOT_CONVERTIBLE
" THEN pg_catalog.encode(pg_catalog.convert_to(c.name, pg_catalog.getdatabaseencoding()), 'escape')"
" ELSE c.name END, p.bytes"
" FROM (SELECT oid, sum(bytes) AS bytes FROM piece GROUP BY oid) p"
" JOIN chosen c ON c.oid = p.oid WHERE p.bytes > 0"
" ORDER BY p.bytes DESC, c.name LIMIT " CppAsString2(TABLE_SIZE_COUNT);

/*
 * The rows of a query; NULL if it fails.
 */
static PGresult *
query_rows(PGconn *connection, const char *query)
{
	PGresult   *rows = PQexec(connection, query);

	if (PQresultStatus(rows) == PGRES_TUPLES_OK)
		return rows;
	PQclear(rows);
	return NULL;
}

/*
 * The largest tables, as rows; NULL if they cannot be had.
 */
static PGresult *
query_sizes(PGconn *connection)
{
	PGresult   *rows = query_rows(connection, begin_query);

	if (rows == NULL)
		return NULL;
	PQclear(rows);
	return query_rows(connection, sizes_query);
}

/*
 * The sizes in a result.
 */
static TableSize *
read_sizes(const PGresult *rows, int *count)
{
	TableSize  *tables;

	*count = PQntuples(rows);
	tables = pg_malloc0((*count + 1) * sizeof(TableSize));
	for (int i = 0; i < *count; i++)
	{
		tables[i].name = pg_strdup(PQgetvalue(rows, i, 0));
		tables[i].bytes = strtoll(PQgetvalue(rows, i, 1), NULL, 10);
	}
	return tables;
}

TableSize *
table_sizes(PGconn *connection, int *count)
{
	PGresult   *rows = query_sizes(connection);
	TableSize  *tables = NULL;

	*count = 0;
	if (rows != NULL)
		tables = read_sizes(rows, count);
	else
		notice("warning", NULL, "could not note which tables of database \"%s\" are the largest: %.*s",
			   PQdb(connection), (int) strcspn(PQerrorMessage(connection), "\n"),
			   PQerrorMessage(connection));
	PQclear(rows);
	PQclear(PQexec(connection, end_query));
	return tables;
}

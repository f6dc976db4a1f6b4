/*
 * What a dump of a database must contain.
 */
#include "postgres_fe.h"

#include "database/catalog.h"

/*
 * The rules of pg_dump: nothing of the system, of extensions, or temporary.
 * Sequences of an extension's table are left out as well, for pg_dump takes
 * some of them and others not.
 */
static const char relations_query[] =
"SELECT c.oid FROM pg_catalog.pg_class c"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND c.relpersistence <> 't'"
" AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e"
"  WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.deptype = 'e'"
"  AND (e.objid = c.oid OR c.relkind = 'S' AND e.objid IN"
"   (SELECT o.refobjid FROM pg_catalog.pg_depend o"
"    WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = c.oid"
"    AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
"    AND o.deptype IN ('a', 'i'))))"
" ORDER BY c.oid";

/*
 * Everything in the database but indexes, the catalogs of the system, and the
 * 28 bytes that each row has before its values.  The sizes of relations are
 * the estimates in pg_class: measuring each would wait for locks.
 */
static const char expected_bytes_query[] =
"SELECT greatest(0, pg_catalog.pg_database_size(pg_catalog.current_database())"
" - coalesce(sum(CASE WHEN c.relkind = 'i' OR c.oid < 16384"
" THEN greatest(c.relpages, 0)::bigint * pg_catalog.current_setting('block_size')::bigint"
" ELSE 28 * greatest(c.reltuples, 0)::bigint END), 0))"
" FROM pg_catalog.pg_class c WHERE c.relkind IN ('i', 'm', 'r', 't')";

int64
catalog_expected_bytes(PGconn *connection)
{
	PGresult   *rows = query_or_fail(connection, expected_bytes_query, 0, NULL);
	int64		bytes = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);

	PQclear(rows);
	return bytes;
}

Oid *
catalog_relations(PGconn *connection, int *count)
{
	PGresult   *rows = query_or_fail(connection, relations_query, 0, NULL);
	Oid		   *relations;

	*count = PQntuples(rows);
	relations = pg_malloc((*count + 1) * sizeof(Oid));
	for (int i = 0; i < *count; i++)
		relations[i] = (Oid) strtoul(PQgetvalue(rows, i, 0), NULL, 10);
	PQclear(rows);
	return relations;
}

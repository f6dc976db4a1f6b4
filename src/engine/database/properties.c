/*
 * The properties of databases that pg_dumpall --globals-only leaves out.
 */
#include "postgres_fe.h"

#include "database/catalog.h"
#include "failure.h"

/*
 * One database as JSON.  to_jsonb of the whole row gives what only some
 * versions have: daticulocale (15, 16), datlocale (17), daticurules (16).
 * Names of roles are in GRANT's order, for a later one may rest on an earlier.
 */
static const char properties_query[] =
"SELECT pg_catalog.jsonb_build_object("
"'name', d.datname,"
"'owner', pg_catalog.pg_get_userbyid(d.datdba),"
"'encoding', pg_catalog.pg_encoding_to_char(d.encoding),"
"'locale_provider', d.datlocprovider,"
"'collate', d.datcollate, 'ctype', d.datctype,"
"'locale', coalesce(r.columns->>'datlocale', r.columns->>'daticulocale'),"
"'icu_rules', r.columns->>'daticurules',"
"'tablespace', (SELECT spcname FROM pg_catalog.pg_tablespace t WHERE t.oid = d.dattablespace),"
"'connection_limit', d.datconnlimit, 'is_template', d.datistemplate,"
"'acl', CASE WHEN d.datacl IS NOT NULL THEN"
" (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
"  'grantor', pg_catalog.pg_get_userbyid(a.grantor),"
"  'grantee', CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END,"
"  'privilege', a.privilege_type, 'grantable', a.is_grantable) ORDER BY a.number), '[]')"
"  FROM pg_catalog.aclexplode(d.datacl) WITH ORDINALITY"
"  a (grantor, grantee, privilege_type, is_grantable, number)) END,"
"'comment', pg_catalog.shobj_description(d.oid, 'pg_database'),"
"'security_labels', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
"  'provider', l.provider, 'label', l.label)), '[]')"
" FROM pg_catalog.pg_shseclabel l WHERE l.objoid = d.oid"
" AND l.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass),"
"'settings', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
"  'role', CASE WHEN s.setrole <> 0 THEN pg_catalog.pg_get_userbyid(s.setrole) END,"
"  'name', pg_catalog.split_part(c.setting, '=', 1),"
"  'value', pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1))"
"  ORDER BY s.setrole, c.number), '[]')"
" FROM pg_catalog.pg_db_role_setting s,"
" pg_catalog.unnest(s.setconfig) WITH ORDINALITY c (setting, number)"
" WHERE s.setdatabase = d.oid))"
" FROM pg_catalog.pg_database d, LATERAL (SELECT pg_catalog.to_jsonb(d)) r (columns)"
" WHERE d.datname = $1";

/*
 * The properties of one database.
 */
static json_t *
database_properties(PGconn *connection, const char *name)
{
	const char *params[] = {name};
	PGresult   *rows = query_or_fail(connection, properties_query, 1, params);
	json_t	   *properties;

	if (PQntuples(rows) != 1)
		fail(FAILURE_UNDEFINED, "It may have been dropped or renamed just now.",
			 "database \"%s\" does not exist", name);
	properties = json_loads(PQgetvalue(rows, 0, 0), 0, NULL);
	if (properties == NULL)
		fail(FAILURE_STATE,
			 "Its name, comment and settings must be valid in UTF-8.",
			 "cannot store the properties of database \"%s\": they are not valid UTF-8",
			 name);
	PQclear(rows);
	return properties;
}

json_t *
catalog_database_properties(PGconn *connection, char **names, int count)
{
	json_t	   *list = json_array();
	const char *encoding = pg_encoding_to_char(PQclientEncoding(connection));

	/* JSON is UTF-8, and names are converted both ways. */
	if (PQsetClientEncoding(connection, "UTF8") != 0)
		fail(FAILURE_STATE, NULL, "cannot use UTF-8 in database \"%s\": %s",
			 PQdb(connection), PQerrorMessage(connection));
	for (int i = 0; i < count; i++)
		json_array_append_new(list, database_properties(connection, names[i]));
	PQsetClientEncoding(connection, encoding);
	return list;
}

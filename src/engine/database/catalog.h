/*
 * What a server says of its databases.
 */
#ifndef ERPGO_ENGINE_DATABASE_CATALOG_H
#define ERPGO_ENGINE_DATABASE_CATALOG_H

#include <jansson.h>

#include "database/connection.h"

/*
 * Names of the databases that can be connected to, template1 and template0
 * left out unless named, in order; with wanted not NULL exactly those.  A
 * wanted one that does not exist, or takes no connections, is
 * FAILURE_UNDEFINED by name.
 */
extern char **catalog_databases(PGconn *connection, char **wanted,
								int wanted_count, int *count);

/*
 * The properties of databases that pg_dumpall --globals-only leaves out, as
 * JSON: an array with one object for each name: owner, encoding, locale
 * provider, collate, ctype, ICU locale and rules, tablespace, connection
 * limit, template flag, ACL items, comment, security labels, settings for the
 * database, and for a role in it.
 */
extern json_t *catalog_database_properties(PGconn *connection, char **names,
										   int count);

/*
 * SQL statements that make a database (new name allowed) with those
 * properties: first one CREATE DATABASE, then the others.  Statements that
 * name a role which the target lacks are left out with a warning.
 */
extern char *database_create_statement(PGconn *target, json_t *properties,
									   const char *new_name);
extern void database_apply_properties(PGconn *target, json_t *properties,
									  const char *new_name);

/* About how many bytes pg_dump will write of this database's rows. */
extern int64 catalog_expected_bytes(PGconn *connection);

/*
 * OIDs, ascending, of the relations that a dump must contain: tables,
 * partitioned and foreign tables, views, materialized views and sequences of
 * users, those of extensions and temporary ones left out.  Seen in the
 * connection's snapshot.
 */
extern Oid *catalog_relations(PGconn *connection, int *count);

#endif

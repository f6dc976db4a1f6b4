/*
 * A database made anew from its properties.
 *
 * Those come from a backup that authenticates, but everything in them is
 * quoted: names and values are what users chose.
 */
#include "postgres_fe.h"

#include "database/catalog.h"
#include "database/setting.h"
#include "failure.h"
#include "lib/stringinfo.h"

/* The target, and what the database is called there. */
typedef struct Target
{
	PGconn	   *connection;
	const char *name;
	const char *quoted_name;
} Target;

/*
 * A text among the properties; NULL if it is null or missing.
 */
static const char *
text_property(const json_t *properties, const char *key)
{
	return json_string_value(json_object_get(properties, key));
}

/*
 * A name as an identifier; allocated.
 */
static char *
quote_identifier(PGconn *connection, const char *name)
{
	char	   *quoted = PQescapeIdentifier(connection, name, strlen(name));

	if (quoted == NULL)
		fail(FAILURE_STATE, NULL, "cannot quote the name \"%s\": %s", name,
			 PQerrorMessage(connection));
	return quoted;
}

/*
 * A text as a literal; allocated.
 */
static char *
quote_literal(PGconn *connection, const char *value)
{
	char	   *quoted = PQescapeLiteral(connection, value, strlen(value));

	if (quoted == NULL)
		fail(FAILURE_STATE, NULL, "cannot quote the text \"%s\": %s", value,
			 PQerrorMessage(connection));
	return quoted;
}

/*
 * Does the target have such a role or tablespace?
 */
static bool
target_has(PGconn *connection, const char *query, const char *name)
{
	const char *params[] = {name};
	PGresult   *rows = query_or_fail(connection, query, 1, params);
	bool		found = PQntuples(rows) > 0;

	PQclear(rows);
	return found;
}

/*
 * Does the target have this role?  Says what is left out if it has not.
 */
static bool
role_exists(const Target *target, const char *role, const char *what)
{
	if (target_has(target->connection,
				   "SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", role))
		return true;
	notice("warning", NULL,
		   "left out %s of database \"%s\": role \"%s\" does not exist",
		   what, target->name, role);
	return false;
}

/*
 * Adds an option of CREATE DATABASE, if it has a value.
 */
static void
append_option(StringInfo statement, PGconn *connection, const char *option,
			  const char *value)
{
	if (value != NULL)
		appendStringInfo(statement, " %s = %s", option,
						 quote_literal(connection, value));
}

/*
 * Adds the locale and its provider.
 */
static void
append_locale(StringInfo statement, PGconn *connection, const json_t *properties)
{
	const char *provider = text_property(properties, "locale_provider");
	const char *locale = text_property(properties, "locale");

	append_option(statement, connection, "LC_COLLATE", text_property(properties, "collate"));
	append_option(statement, connection, "LC_CTYPE", text_property(properties, "ctype"));
	if (provider != NULL && provider[0] == 'i')
	{
		appendStringInfoString(statement, " LOCALE_PROVIDER = icu");
		append_option(statement, connection, "ICU_LOCALE", locale);
		append_option(statement, connection, "ICU_RULES",
					  text_property(properties, "icu_rules"));
	}
	else if (provider != NULL && provider[0] == 'b')
	{
		appendStringInfoString(statement, " LOCALE_PROVIDER = builtin");
		append_option(statement, connection, "BUILTIN_LOCALE", locale);
	}
	else
		appendStringInfoString(statement, " LOCALE_PROVIDER = libc");
}

/*
 * Adds the tablespace, if it is another than the default.
 */
static void
append_tablespace(StringInfo statement, PGconn *connection, const char *tablespace)
{
	if (tablespace == NULL || strcmp(tablespace, "pg_default") == 0)
		return;
	if (target_has(connection,
				   "SELECT FROM pg_catalog.pg_tablespace WHERE spcname = $1", tablespace))
		appendStringInfo(statement, " TABLESPACE = %s",
						 quote_identifier(connection, tablespace));
	else
		notice("warning", NULL,
			   "left out tablespace \"%s\" of a database: it does not exist", tablespace);
}

char *
database_create_statement(PGconn *target, json_t *properties, const char *new_name)
{
	StringInfoData statement;

	/* Any other template may hold objects, or another locale. */
	initStringInfo(&statement);
	appendStringInfo(&statement, "CREATE DATABASE %s TEMPLATE = template0",
					 quote_identifier(target, new_name));
	append_option(&statement, target, "ENCODING", text_property(properties, "encoding"));
	append_locale(&statement, target, properties);
	append_tablespace(&statement, target, text_property(properties, "tablespace"));
	return statement.data;
}

/*
 * Executes a statement.  One that fails is a warning: the rows matter more.
 */
static void
apply(const Target *target, const char *statement)
{
	PGresult   *result = PQexec(target->connection, statement);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		notice("warning", NULL, "could not set a property of database \"%s\": %s: %s",
			   target->name, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
			   statement);
	PQclear(result);
}

/*
 * Sets the owner and the attributes.
 */
static void
apply_attributes(const Target *target, const json_t *properties)
{
	const char *owner = text_property(properties, "owner");
	json_t	   *limit = json_object_get(properties, "connection_limit");

	if (owner != NULL && role_exists(target, owner, "the owner"))
		apply(target, psprintf("ALTER DATABASE %s OWNER TO %s", target->quoted_name,
							   quote_identifier(target->connection, owner)));
	if (json_is_integer(limit) && json_integer_value(limit) >= 0)
		apply(target, psprintf("ALTER DATABASE %s CONNECTION LIMIT %d", target->quoted_name,
							   (int) json_integer_value(limit)));
	if (json_is_true(json_object_get(properties, "is_template")))
		apply(target, psprintf("ALTER DATABASE %s IS_TEMPLATE true", target->quoted_name));
}

/*
 * Is this the name of a privilege that a database can have?
 */
static bool
is_privilege(const char *word)
{
	return strcmp(word, "CREATE") == 0 || strcmp(word, "CONNECT") == 0 ||
		strcmp(word, "TEMPORARY") == 0;
}

/*
 * The statement that grants one privilege; allocated.
 */
static char *
grant_statement(const Target *target, const json_t *item)
{
	const char *grantee = text_property(item, "grantee");
	bool		grantable = json_is_true(json_object_get(item, "grantable"));

	return psprintf("GRANT %s ON DATABASE %s TO %s%s",
					text_property(item, "privilege"), target->quoted_name,
					grantee == NULL ? "PUBLIC" : quote_identifier(target->connection, grantee),
					grantable ? " WITH GRANT OPTION" : "");
}

/*
 * Grants one privilege.  A superuser's grant counts as the owner's; where
 * somebody else granted it, that role does it again.
 */
static void
apply_grant(const Target *target, const json_t *item, const char *owner)
{
	const char *grantor = text_property(item, "grantor");
	const char *grantee = text_property(item, "grantee");
	const char *privilege = text_property(item, "privilege");
	bool		by_other = grantor != NULL && owner != NULL && strcmp(grantor, owner) != 0;

	if (privilege == NULL || !is_privilege(privilege) ||
		(grantee != NULL && !role_exists(target, grantee, "a privilege")) ||
		(by_other && !role_exists(target, grantor, "a privilege")))
		return;
	if (by_other)
		apply(target, psprintf("SET ROLE %s", quote_identifier(target->connection, grantor)));
	apply(target, grant_statement(target, item));
	if (by_other)
		apply(target, "RESET ROLE");
}

/*
 * Sets the privileges; null means those that every new database has.
 */
static void
apply_privileges(const Target *target, const json_t *properties)
{
	json_t	   *acl = json_object_get(properties, "acl");
	const char *owner = text_property(properties, "owner");
	json_t	   *item;
	size_t		i;

	if (!json_is_array(acl))
		return;
	apply(target, psprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC", target->quoted_name));
	if (owner != NULL && role_exists(target, owner, "the owner's privileges"))
		apply(target, psprintf("REVOKE ALL ON DATABASE %s FROM %s", target->quoted_name,
							   quote_identifier(target->connection, owner)));
	json_array_foreach(acl, i, item)
	{
		apply_grant(target, item, owner);
	}
}

/*
 * The value of a setting as SET wants it; allocated.
 */
static char *
setting_sql(PGconn *connection, const char *name, const char *value)
{
	char	  **items = setting_is_list(name) ? setting_list_split(value) : NULL;
	StringInfoData sql;

	if (items == NULL || items[0] == NULL)
		return quote_literal(connection, value);
	initStringInfo(&sql);
	for (int i = 0; items[i] != NULL; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "",
						 quote_literal(connection, items[i]));
	return sql.data;
}

/*
 * Sets a setting for the database, or for a role in it.
 */
static void
apply_setting(const Target *target, const json_t *setting)
{
	const char *role = text_property(setting, "role");
	const char *name = text_property(setting, "name");
	const char *value = text_property(setting, "value");
	char	   *where;

	if (name == NULL || value == NULL ||
		(role != NULL && !role_exists(target, role, "a setting")))
		return;
	if (role == NULL)
		where = psprintf("DATABASE %s", target->quoted_name);
	else
		where = psprintf("ROLE %s IN DATABASE %s", quote_identifier(target->connection, role),
						 target->quoted_name);
	apply(target, psprintf("ALTER %s SET %s TO %s", where,
						   quote_identifier(target->connection, name),
						   setting_sql(target->connection, name, value)));
}

/*
 * Sets comment and security labels.
 */
static void
apply_remarks(const Target *target, const json_t *properties)
{
	const char *comment = text_property(properties, "comment");
	json_t	   *label;
	size_t		i;

	if (comment != NULL)
		apply(target, psprintf("COMMENT ON DATABASE %s IS %s", target->quoted_name,
							   quote_literal(target->connection, comment)));
	json_array_foreach(json_object_get(properties, "security_labels"), i, label)
	{
		const char *provider = text_property(label, "provider");
		const char *value = text_property(label, "label");

		if (provider != NULL && value != NULL)
			apply(target, psprintf("SECURITY LABEL FOR %s ON DATABASE %s IS %s",
								   quote_identifier(target->connection, provider),
								   target->quoted_name,
								   quote_literal(target->connection, value)));
	}
}

void
database_apply_properties(PGconn *target, json_t *properties, const char *new_name)
{
	const char *encoding = pg_encoding_to_char(PQclientEncoding(target));
	Target		there = {.connection = target, .name = new_name};
	json_t	   *setting;
	size_t		i;

	if (PQsetClientEncoding(target, "UTF8") != 0)
		fail(FAILURE_STATE, NULL, "cannot use UTF-8 in database \"%s\": %s",
			 PQdb(target), PQerrorMessage(target));
	there.quoted_name = quote_identifier(target, new_name);
	apply_attributes(&there, properties);
	apply_privileges(&there, properties);
	json_array_foreach(json_object_get(properties, "settings"), i, setting)
	{
		apply_setting(&there, setting);
	}
	apply_remarks(&there, properties);
	PQsetClientEncoding(target, encoding);
}

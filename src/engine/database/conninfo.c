/*
 * Connection strings.
 *
 * They end up as arguments of programs, which everybody on the machine can
 * see: so a password in one is refused.
 */
#include "postgres_fe.h"

#include "database/connection.h"
#include "failure.h"
#include "lib/stringinfo.h"

/*
 * Adds keyword='value'.
 */
static void
append_pair(StringInfo conninfo, const char *keyword, const char *value)
{
	if (conninfo->len > 0)
		appendStringInfoChar(conninfo, ' ');
	appendStringInfo(conninfo, "%s='", keyword);
	for (const char *next = value; *next != '\0'; next++)
	{
		if (*next == '\'' || *next == '\\')
			appendStringInfoChar(conninfo, '\\');
		appendStringInfoChar(conninfo, *next);
	}
	appendStringInfoChar(conninfo, '\'');
}

/*
 * The value of an option; NULL if it is not set.
 */
static const char *
option_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++)
	{
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	}
	return NULL;
}

/*
 * Is the value of this option a secret?
 */
static bool
is_secret(const PQconninfoOption *option)
{
	return option->dispchar[0] == '*';
}

/*
 * The first line of a text; the text is changed.
 */
static const char *
first_line(char *message)
{
	message[strcspn(message, "\r\n")] = '\0';
	return message;
}

/*
 * Takes a connection string apart.  One that is malformed or holds a secret
 * is a failure.
 */
static PQconninfoOption *
parse_conninfo(const char *conninfo)
{
	char	   *problem = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &problem);

	if (options == NULL)
		fail(FAILURE_USAGE, NULL, "connection string is malformed: %s",
			 problem == NULL ? "out of memory" : first_line(problem));
	for (PQconninfoOption *option = options; option->keyword != NULL; option++)
	{
		if (is_secret(option) && option->val != NULL)
			fail(FAILURE_USAGE,
				 "Put the password as POSTGRES_PASSWORD into the secrets file.",
				 "connection string must not contain \"%s\": other users could see it",
				 option->keyword);
	}
	return options;
}

/*
 * Adds the options that are set, but for those that we choose.
 */
static void
append_options(StringInfo conninfo, const PQconninfoOption *options)
{
	for (; options->keyword != NULL; options++)
	{
		if (options->val != NULL &&
			strcmp(options->keyword, "dbname") != 0 &&
			strcmp(options->keyword, "application_name") != 0)
			append_pair(conninfo, options->keyword, options->val);
	}
}

/*
 * Adds where the server is, as far as the options do not say.
 */
static void
append_address(StringInfo conninfo, const ServerAddress *address,
			   const PQconninfoOption *given)
{
	if (address->socket_directory != NULL &&
		option_value(given, "host") == NULL &&
		option_value(given, "hostaddr") == NULL)
		append_pair(conninfo, "host", address->socket_directory);
	if (option_value(given, "port") == NULL)
		append_pair(conninfo, "port", psprintf("%d", address->port));
	if (address->user != NULL && option_value(given, "user") == NULL)
		append_pair(conninfo, "user", address->user);
}

char *
server_conninfo(const ServerAddress *address, const char *database)
{
	const char *explicit = address->conninfo == NULL ? "" : address->conninfo;
	PQconninfoOption *given = parse_conninfo(explicit);
	StringInfoData conninfo;

	initStringInfo(&conninfo);
	append_options(&conninfo, given);

	/* What a service sets would lose against what we add. */
	if (option_value(given, "service") == NULL)
		append_address(&conninfo, address, given);
	append_pair(&conninfo, "dbname", database);
	append_pair(&conninfo, "application_name", address->application_name);
	PQconninfoFree(given);
	return conninfo.data;
}

char *
conninfo_with_database(const char *conninfo, const char *database,
					   const char *application_name)
{
	PQconninfoOption *given = parse_conninfo(conninfo);
	StringInfoData result;

	initStringInfo(&result);
	append_options(&result, given);
	append_pair(&result, "dbname", database);
	append_pair(&result, "application_name", application_name);
	PQconninfoFree(given);
	return result.data;
}

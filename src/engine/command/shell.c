/*
 * Texts for a shell.
 */
#include "postgres_fe.h"

#include "command/shell.h"
#include "lib/stringinfo.h"

char *
shell_quote(const char *word)
{
	StringInfoData quoted;

	/* Nothing is special between single quotes but their end. */
	initStringInfo(&quoted);
	appendStringInfoChar(&quoted, '\'');
	for (; *word != '\0'; word++)
	{
		if (*word == '\'')
			appendStringInfoString(&quoted, "'\\''");
		else
			appendStringInfoChar(&quoted, *word);
	}
	appendStringInfoChar(&quoted, '\'');
	return quoted.data;
}

char *
conninfo_dbname(const char *database)
{
	StringInfoData conninfo;

	initStringInfo(&conninfo);
	appendStringInfoString(&conninfo, "dbname='");
	for (; *database != '\0'; database++)
	{
		if (*database == '\'' || *database == '\\')
			appendStringInfoChar(&conninfo, '\\');
		appendStringInfoChar(&conninfo, *database);
	}
	appendStringInfoChar(&conninfo, '\'');
	return conninfo.data;
}

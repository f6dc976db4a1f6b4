/*
 * What the programs that restore get of the user's environment.
 */
#include "postgres_fe.h"

#include "command/restore.h"
#include "database/connection.h"

extern char **environ;

/*
 * Is this an entry that libpq looks at?
 */
static bool
is_for_libpq(const char *entry)
{
	/* PG_COLOR would colour messages that are not for a terminal. */
	return (strncmp(entry, "PG", 2) == 0 && strncmp(entry, "PG_", 3) != 0) ||
		strncmp(entry, "HOME=", 5) == 0 ||
		strncmp(entry, "KRB5", 4) == 0;
}

const char *const *
client_environment(void)
{
	static const char **entries = NULL;
	int			count = 0;

	if (entries != NULL)
		return entries;

	/* Makes PGPASSFILE name the password of the secrets file, if any. */
	connection_environment();
	while (environ[count] != NULL)
		count++;
	entries = pg_malloc0((count + 1) * sizeof(char *));
	count = 0;
	for (char **entry = environ; *entry != NULL; entry++)
	{
		if (is_for_libpq(*entry))
			entries[count++] = *entry;
	}
	return entries;
}

/*
 * Values of settings as pg_db_role_setting holds them.
 */
#include "database/setting.h"

static const char *const list_settings[] = {
	"local_preload_libraries",
	"search_path",
	"session_preload_libraries",
	"shared_preload_libraries",
	"temp_tablespaces",
	"unix_socket_directories"
};

bool
setting_is_list(const char *name)
{
	for (int i = 0; i < lengthof(list_settings); i++)
	{
		if (pg_strcasecmp(name, list_settings[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Reads an identifier in double quotes from its opening quote on.  Returns
 * what follows it, or NULL if it does not end.
 */
static const char *
read_quoted(const char *next, char *item)
{
	for (next++; *next != '\0'; next++)
	{
		if (*next == '"' && *++next != '"')
		{
			*item = '\0';
			return next;
		}
		*item++ = *next;
	}
	return NULL;
}

/*
 * Reads an identifier without quotes.  Returns what follows it, or NULL if it
 * is empty.
 */
static const char *
read_plain(const char *next, char *item)
{
	size_t		len = strcspn(next, ", ");

	memcpy(item, next, len);
	item[len] = '\0';
	return len > 0 ? next + len : NULL;
}

char	  **
setting_list_split(const char *value)
{
	/* An item takes at least a character and a comma. */
	char	  **items = pg_malloc0((strlen(value) / 2 + 2) * sizeof(char *));
	const char *next = value;

	for (int count = 0;; count++)
	{
		next += strspn(next, " ");
		if (*next == '\0' && count == 0)
			return items;
		items[count] = pg_malloc(strlen(next) + 1);
		next = *next == '"' ? read_quoted(next, items[count]) : read_plain(next, items[count]);
		if (next == NULL)
			return NULL;
		next += strspn(next, " ");
		if (*next == '\0')
			return items;
		if (*next != ',')
			return NULL;
		next++;
	}
}

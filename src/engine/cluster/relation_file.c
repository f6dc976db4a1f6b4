/*
 * What the names of files in a folder of a database tell.
 */
#include "cluster/relation_file.h"

/* The most digits that 32 bits have. */
#define NUMBER_DIGITS 10

static const struct
{
	const char *suffix;
	RelationFork fork;
}			forks[] = {
	{"_fsm", FORK_FSM},
	{"_vm", FORK_VM},
	{"_init", FORK_INIT},
};

/*
 * Reads a number as the server writes it, without leading zeros, and advances
 * the word behind it; false if there is none.
 */
static bool
take_number(const char **word, uint32 *number)
{
	const char *digits = *word;
	size_t		len = strspn(digits, "0123456789");
	uint64		value = 0;

	if (len == 0 || len > NUMBER_DIGITS || digits[0] == '0')
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + (digits[i] - '0');
	*word += len;
	*number = (uint32) value;
	return value <= PG_UINT32_MAX;
}

/*
 * Takes the suffix of a fork, if there is one.
 */
static RelationFork
take_fork(const char **word)
{
	for (int i = 0; i < lengthof(forks); i++)
	{
		size_t		len = strlen(forks[i].suffix);

		if (strncmp(*word, forks[i].suffix, len) == 0)
		{
			*word += len;
			return forks[i].fork;
		}
	}
	return FORK_MAIN;
}

/*
 * Takes what temporary relations begin with, "t" and the number of the
 * session and "_"; false if it is begun and not there.
 */
static bool
take_session(const char **word, bool *is_temporary)
{
	size_t		digits;

	*is_temporary = **word == 't';
	if (!*is_temporary)
		return true;
	digits = strspn(*word + 1, "0123456789");
	*word += 1 + digits;
	return digits > 0 && *(*word)++ == '_';
}

bool
relation_file_parse(const char *name, RelationFile *file)
{
	memset(file, 0, sizeof(*file));
	if (!take_session(&name, &file->is_temporary) ||
		!take_number(&name, &file->number))
		return false;
	file->fork = take_fork(&name);
	if (*name == '.')
	{
		name++;
		if (!take_number(&name, &file->segment))
			return false;
	}
	return *name == '\0';
}

/*
 * Is the word a number and nothing else?
 */
static bool
is_number(const char *word)
{
	uint32		number;

	return take_number(&word, &number) && *word == '\0';
}

bool
is_relation_folder(const char *path)
{
	const char *last = strrchr(path, '/');
	const char *version;

	if (strcmp(path, "global") == 0)
		return true;
	if (last == NULL || !is_number(last + 1))
		return false;
	if (last - path == strlen("base") && strncmp(path, "base/", 5) == 0)
		return true;
	version = strstr(path, "/PG_");
	return strncmp(path, "pg_tblspc/", 10) == 0 && version != NULL &&
		strchr(version + 1, '/') == last;
}

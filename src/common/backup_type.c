/*
 * What a backup is made of: the words for it.
 */
#include "common/backup_type.h"

#include <string.h>

static const char *const names[] = {
	[BACKUP_FULL] = "full",
	[BACKUP_SCHEMA] = "schema",
	[BACKUP_DATA] = "data",
	[BACKUP_PHYSICAL] = "physical",
	[BACKUP_INCREMENTAL] = "incremental",
};

static const struct
{
	const char *word;
	BackupType	type;
}			aliases[] = {
	{"schema-only", BACKUP_SCHEMA},
	{"data-only", BACKUP_DATA},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

bool
backup_type_parse(const char *word, BackupType *type)
{
	for (size_t i = 0; i < LENGTH(names); i++)
	{
		if (strcmp(word, names[i]) == 0)
		{
			*type = (BackupType) i;
			return true;
		}
	}
	for (size_t i = 0; i < LENGTH(aliases); i++)
	{
		if (strcmp(word, aliases[i].word) == 0)
		{
			*type = aliases[i].type;
			return true;
		}
	}
	return false;
}

const char *
backup_type_name(BackupType type)
{
	return names[type];
}

bool
backup_type_is_logical(BackupType type)
{
	return type == BACKUP_FULL || type == BACKUP_SCHEMA || type == BACKUP_DATA;
}

/*
 * What a backup is made of.
 */
#ifndef ERPGO_COMMON_BACKUP_TYPE_H
#define ERPGO_COMMON_BACKUP_TYPE_H

#include <stdbool.h>

typedef enum BackupType
{
	BACKUP_FULL,				/* logical: schema and data of databases */
	BACKUP_SCHEMA,				/* logical: definitions only */
	BACKUP_DATA,				/* logical: rows only */
	BACKUP_PHYSICAL,			/* the files of the cluster */
	BACKUP_INCREMENTAL			/* what changed since a physical backup */
} BackupType;

/*
 * Reads a type as users write it; "schema-only" and "data-only" are aliases.
 * Returns false, and leaves *type alone, if the word names no type.
 */
extern bool backup_type_parse(const char *word, BackupType *type);

/* The canonical word for a type, in static memory. */
extern const char *backup_type_name(BackupType type);

/* Is it made by pg_dump? */
extern bool backup_type_is_logical(BackupType type);

#endif

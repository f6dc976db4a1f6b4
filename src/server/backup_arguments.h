/*
 * What users say of a backup that they ask for: its type, its databases.
 */
#ifndef ERPGO_SERVER_BACKUP_ARGUMENTS_H
#define ERPGO_SERVER_BACKUP_ARGUMENTS_H

#include "postgres.h"

#include "utils/array.h"

#include "job_slot.h"

/* The type that a user named; an error if such backups are not made. */
extern BackupType backup_type_argument(const char *word);

/* An error if databases are named for a type that is of the whole cluster. */
extern void backup_scope_check(BackupType type, bool names_databases);

/* Throws an error unless the array names databases that exist. */
extern void backup_databases_check(ArrayType *array);

/* Fills in the databases that are named; an error if there is no room. */
extern void backup_databases_fill(JobRequest *request, ArrayType *array);

#endif

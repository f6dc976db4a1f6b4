/*
 * The identifier of a backup: when it was started, to the second in UTC, and
 * its type, as in "20261122T180000Z-full".  Identifiers sort by time.
 */
#ifndef ERPGO_COMMON_BACKUP_ID_H
#define ERPGO_COMMON_BACKUP_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/backup_type.h"

/* Enough for every identifier and its terminating zero. */
#define BACKUP_ID_SIZE 32

/*
 * Writes the identifier of a backup started at unix_time (seconds since 1970,
 * UTC, years 1970 to 9999) into id.
 */
extern void backup_id_make(char id[BACKUP_ID_SIZE], int64_t unix_time,
						   BackupType type);

/*
 * Takes an identifier apart; either result pointer may be NULL.  Returns
 * false unless the text is exactly what backup_id_make writes for some time
 * and type: identifiers become names of folders, so nothing else may pass.
 */
extern bool backup_id_parse(const char *id, int64_t *unix_time,
							BackupType *type);

/* Enough for every name of a slot and its terminating zero. */
#define BACKUP_SLOT_SIZE 64

/*
 * Writes the name of the replication slot that keeps the WAL for a backup: a
 * name as PostgreSQL allows it, in lower case.
 */
extern void backup_id_slot(const char *id, char slot[BACKUP_SLOT_SIZE]);

#endif

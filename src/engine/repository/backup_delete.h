/*
 * Deleting a backup, so that whatever interrupts it, what is left is never
 * taken for a backup.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_BACKUP_DELETE_H
#define ERPGO_ENGINE_REPOSITORY_BACKUP_DELETE_H

#include "repository/backup_folder.h"

/*
 * Deletes a backup that was in a state when that was decided; backup is NULL
 * if it cannot be read.  The rule that decided it is stored first, in the
 * event from which on the backup does not exist; without a rule nothing is
 * stored, and the deletion needs no room.  Nothing happens if the state is
 * another one by now, or the backup was pinned meanwhile: it is there
 * afterwards.  One whose deletion has begun is deleted to the end.
 */
extern void backup_delete(Repository *repository, const BackupFolder *folder,
						  const Backup *backup, const char *rule);

/*
 * The rule by which the deletion of a backup has begun, allocated; NULL if
 * that cannot be told.
 */
extern char *backup_deletion_rule(Repository *repository,
								  const char *backup_id);

#endif

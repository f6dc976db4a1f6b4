/*
 * What the names in a backup's folder tell, without reading any object.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_BACKUP_FOLDER_H
#define ERPGO_ENGINE_REPOSITORY_BACKUP_FOLDER_H

#include "repository/repository.h"

typedef enum FolderState
{
	FOLDER_ABSENT,				/* nothing is there */
	FOLDER_UNFINISHED,			/* a writer has it, or had it and died */
	FOLDER_DELETING,			/* it is being deleted, or that was cut short */
	FOLDER_PUBLISHED,			/* its manifest is there */
	FOLDER_MANIFEST_LOST		/* it was published, but the manifest is gone */
} FolderState;

/* The state of a backup's folder. */
extern FolderState backup_folder_state(Repository *repository,
									   const char *backup_id);

#endif

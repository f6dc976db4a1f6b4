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

/* A backup's folder, as far as the names and times in it tell. */
typedef struct BackupFolder
{
	char		id[BACKUP_ID_SIZE];
	FolderState state;
	bool		noted_unreadable;	/* backup_note_unreadable was here */
	time_t		modified;		/* of the newest object, by the store's clock */
} BackupFolder;

/*
 * The folders of all backups of the cluster, unfinished ones and those that
 * are being deleted too, oldest first.  Nothing is read but names.
 */
extern BackupFolder *repository_folders(Repository *repository, int *count);

/*
 * Notes in the repository that a backup was found which cannot be read, so
 * that it is known later since when.  Readers ignore that object.
 */
extern void backup_note_unreadable(Repository *repository,
								   const char *backup_id);

/*
 * Is this the name, below a backup's folder, of what begins its deletion: the
 * event, or, where no event could be stored, the manifest under another name?
 */
extern bool is_deletion_mark(const char *name);

/* What is known of the process that has taken a folder. */
typedef enum WriterState
{
	WRITER_UNKNOWN,				/* it is on another machine, or nothing says */
	WRITER_RUNS,
	WRITER_IS_THIS,				/* or had the number that this process has now */
	WRITER_GONE
} WriterState;

/* Is the process there that has taken a backup's folder? */
extern WriterState backup_writer_state(Repository *repository,
									   const char *backup_id);

/* The state of a backup's folder. */
extern FolderState backup_folder_state(Repository *repository,
									   const char *backup_id);

#endif

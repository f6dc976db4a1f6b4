/*
 * A backup's records as texts: read at once, so that what is checked and what
 * is used are the same bytes.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_BACKUP_TEXTS_H
#define ERPGO_ENGINE_REPOSITORY_BACKUP_TEXTS_H

#include "repository/repository.h"

typedef struct EventText
{
	char	   *name;			/* of the object */
	char	   *content;
} EventText;

typedef struct BackupTexts
{
	const char *id;
	char	   *manifest_name;	/* of the object */
	char	   *manifest;
	EventText  *events;			/* oldest first */
	int			event_count;
} BackupTexts;

/*
 * Reads a backup's records.  FAILURE_UNDEFINED if there is no such backup,
 * FAILURE_DAMAGED if there was.
 */
extern BackupTexts backup_texts_read(Repository *repository,
									 const char *backup_id);

/*
 * Authenticates and parses them; anything wrong is a failure.  Events of a
 * sealed backup that cannot be judged here are taken away.
 */
extern Backup *backup_texts_parse(Repository *repository,
								  BackupTexts *texts);

/* The same with a data key that was unwrapped before, or "". */
extern Backup *backup_texts_parse_unlocked(const BackupTexts *texts,
										   const char *data_key);

/*
 * The manifest alone, of a backup whose key may be missing: one that is
 * encrypted is not authenticated.
 */
extern Manifest *backup_texts_parse_unproven(Repository *repository,
											 const BackupTexts *texts);

#endif

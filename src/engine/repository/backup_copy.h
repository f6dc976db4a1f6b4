/*
 * Copying a backup from one repository to another, byte for byte.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_BACKUP_COPY_H
#define ERPGO_ENGINE_REPOSITORY_BACKUP_COPY_H

#include "repository/backup_texts.h"

typedef struct BackupCopy
{
	Repository *source;
	Repository *target;
	BackupTexts texts;			/* of the source */
	Manifest   *manifest;
	bool		authenticated;	/* the key that the manifest needs was there */
	BackupWriter *writer;		/* NULL: the target has the backup already */
	bool	   *is_there;		/* of each object: has it arrived before? */
} BackupCopy;

/*
 * Reads what is to be copied, and takes the folder in the target, with what an
 * unfinished copy has left there.  What the manifest does not name goes.  The
 * keys are copied first.  Fails as backup_load and backup_begin_copy do; an
 * other backup of this name is FAILURE_DUPLICATE.
 */
extern BackupCopy *backup_copy_begin(Repository *source, Repository *target,
									 const char *backup_id);

/*
 * Copies one object, if it is not there.  FAILURE_DAMAGED, with nothing in the
 * target, unless it is what the manifest says.  *done grows by its bytes.
 */
extern void backup_copy_object(BackupCopy *copy, int object, int64 *done);

/*
 * Reads an object back from the target.  One that is not what the manifest
 * says is removed, and FAILURE_IO.  *done is memory that child processes share.
 */
extern void backup_copy_check(BackupCopy *copy, int object, int64 *done);

/*
 * Copies what became known of the backup since it was made, and publishes a new
 * copy.  A copy that was there gets only what was said of the backup: what
 * verifications found is of the bytes in one place.
 */
extern void backup_copy_finish(BackupCopy *copy);

#endif

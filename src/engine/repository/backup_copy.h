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
	bool		mends;			/* what is damaged in the target is replaced */
	BackupWriter *writer;		/* NULL: the target has the backup already */
	bool		manifest_is_damaged;	/* that of the target */
	bool		events_mended;	/* one of the target was damaged */
	bool	   *is_there;		/* of each object: has it arrived before?  The
								 * caller takes back what is found damaged */
} BackupCopy;

/*
 * Reads what is to be copied, and takes the folder in the target, with what an
 * unfinished copy has left there.  What the manifest does not name goes.  The
 * keys are copied first.  Fails as backup_load and backup_begin_copy do; an
 * other backup of this name is FAILURE_DUPLICATE, but with mends not one that
 * cannot be read.
 */
extern BackupCopy *backup_copy_begin(Repository *source, Repository *target,
									 const char *backup_id, bool mends);

/*
 * Reads an object that is in the target.  FAILURE_DAMAGED unless it is what
 * the manifest says.  *done grows by its bytes.
 */
extern void backup_copy_look(BackupCopy *copy, int object, int64 *done);

/*
 * Copies one object, if it is not there.  FAILURE_DAMAGED, with nothing changed
 * in the target, unless it is what the manifest says.  *done grows by its
 * bytes; with mends it is memory that child processes share.
 */
extern void backup_copy_object(BackupCopy *copy, int object, int64 *done);

/*
 * Reads an object back from the target that was copied.  One that is not what
 * the manifest says is FAILURE_IO; it is removed unless the backup counts
 * already.  *done is memory that child processes share.
 */
extern void backup_copy_check(BackupCopy *copy, int object, int64 *done);

/*
 * Fails if a copy that was there is being deleted.  Whoever does that may not
 * have seen what was stored anew, which goes so that it does not outlast the
 * rest.
 */
extern void backup_copy_require_published(const BackupCopy *copy);

/*
 * Copies what became known of the backup since it was made, and publishes a new
 * copy.  A copy that was there gets only what was said of the backup: what
 * verifications found is of the bytes in one place.  A manifest that is damaged
 * is replaced at the very end.
 */
extern void backup_copy_finish(BackupCopy *copy);

/* --- parts of these --- */

/*
 * Removes an object of the target that is not part of the backup, or not any
 * more.
 */
extern void backup_copy_remove(const BackupCopy *copy, const char *name);

/*
 * Copies the events that the target lacks or, with mends, has as something
 * else.
 */
extern void backup_copy_events(BackupCopy *copy);

/*
 * With mends, removes the events of a copy that are damaged and not in the
 * source, if all that they say is what a verification found there, for the copy
 * was read since; any other one is FAILURE_DAMAGED.
 */
extern void backup_copy_mend_events(BackupCopy *copy);

#endif

/*
 * Copying a backup, or WAL, from one repository to another.
 */
#ifndef ERPGO_ENGINE_COMMAND_COPY_RUN_H
#define ERPGO_ENGINE_COMMAND_COPY_RUN_H

#include "command/command.h"

/* What became of a backup that was to be copied. */
typedef struct CopyOutcome
{
	bool		was_there;		/* the target had it, if damaged */
	bool		was_read;		/* all of it was read there */
	bool		was_mended;		/* something was damaged there */
	bool		authenticated;	/* its manifest was, with the key */
	int64		stored_bytes;	/* that the backup has */
} CopyOutcome;

/*
 * Copies a backup, by so many processes at a time, and reads it back, with
 * progress.  Damage in the source is FAILURE_DAMAGED and names the object;
 * what was copied until then stays, and the next copy goes on with it.
 *
 * Of a backup that is there only events are copied; with mends it is read, and
 * what is damaged there is stored anew.
 */
extern CopyOutcome copy_backup(Repository *source, Repository *target,
							   const char *backup_id, int jobs, bool mends);

/*
 * Has a copy that was there and read, so that what verifications there had
 * found damaged is gone, verified as deep as they looked, and that noted there.
 * Anything wrong is a failure.  bindir may be NULL.
 */
extern void copy_take_back_failure(Repository *target, const char *backup_id,
								   const CopyOutcome *outcome, const char *bindir,
								   int jobs);

/*
 * Copies the WAL that the target lacks, and the keys, with progress; how many
 * files it were.
 */
extern int	copy_wal(Repository *source, Repository *target);

#endif

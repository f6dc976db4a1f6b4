/*
 * From when to when a cluster can be brought back to any moment.
 */
#ifndef ERPGO_ENGINE_RECOVERY_RECOVERY_WINDOW_H
#define ERPGO_ENGINE_RECOVERY_RECOVERY_WINDOW_H

#include "repository/repository.h"

/*
 * Moments that a recovery along a timeline, and those that lead to it, can end
 * at: from the end of a backup to the end of the WAL that follows it, or of
 * another backup.
 */
typedef struct RecoveryWindow
{
	uint32		timeline;
	const char *backup;			/* with which it begins */
	int			backups;		/* that lie within */
	int64		begin_ms;		/* milliseconds since 1970 */
	uint64		begin_lsn;
	int64		end_ms;			/* when the last of the WAL was archived */
	uint64		end_lsn;
	char	   *missing;		/* WAL, right after it; NULL if none is known */
} RecoveryWindow;

/*
 * The windows of all timelines, ordered by timeline and position; allocated.
 * Damaged backups do not count, nor do those that cannot be read.
 */
extern RecoveryWindow *recovery_windows(Repository *repository, int *count);

#endif

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
	const char *backup;			/* with which it begins; NULL if none leads to
								 * the timeline */
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

/*
 * The last window of each timeline that is alive: the newest one that there are
 * files of in the archive, and the one that got the last of them, where a
 * server went on along an older one.  What follows the end of a timeline that
 * was left for another one belongs to neither.  There is one without a backup
 * where no backup leads to the timeline, and none where nothing was archived, or
 * where there is no physical backup at all.
 */
extern RecoveryWindow *recovery_windows_alive(Repository *repository, int *count);

/* Says which WAL is missing behind a window; NULL if none is, allocated. */
extern char *recovery_window_missing(const RecoveryWindow *window);

/* The same of all timelines that are alive, a line each. */
extern char *recovery_missing(Repository *repository);

#endif

/*
 * Retention of WAL: which files of the archive no recovery of interest needs.
 *
 * A server must be able to go back to any moment of the recovery window, which
 * ends with the newest verified physical backup, so that nothing expires while
 * backups fail.  What that needs along a timeline that is alive is the newest
 * verified backup that was finished before the window begins, the base, and
 * all WAL from its start on.  Without such a backup everything is needed.
 *
 * Older backups restore to their own end with the WAL that is stored in them.
 */
#ifndef ERPGO_COMMON_WAL_RETENTION_H
#define ERPGO_COMMON_WAL_RETENTION_H

#include "common/timeline_history.h"
#include "common/wal_name.h"

/* The window where none is given, and how far it may go back. */
#define RECOVERY_WINDOW_S (7 * 86400)
#define RECOVERY_WINDOW_LIMIT_S (20000 * 86400)

/* No backup. */
#define WAL_RETENTION_NO_BASE (-1)

/* A physical backup that is verified. */
typedef struct WalRetentionBackup
{
	uint32_t	timeline;
	uint64_t	start_lsn;
	uint64_t	stop_lsn;
	int64_t		finished_at;	/* seconds since 1970 */
} WalRetentionBackup;

/*
 * When the window begins; backups dated in the future count as made now.
 */
extern int64_t wal_retention_window_start(const WalRetentionBackup *backups,
										  int count, int64_t now,
										  int64_t window_s);

/*
 * The index of the base of a window that begins then, along a history; or
 * WAL_RETENTION_NO_BASE.
 */
extern int	wal_retention_base(const TimelineHistory *history,
							   const WalRetentionBackup *backups, int count,
							   int64_t window_start);

/*
 * Is a file of the archive needed, if every base starts at keep_from or later?
 * On whatever timeline it is: where one leaves its parent, it has passed the
 * start of each base before.  History files are always needed.
 */
extern bool wal_is_needed(const WalName *name, uint64_t segment_bytes,
						  uint64_t keep_from);

#endif

/*
 * How a cluster gets from a backup to a moment after it: by which timelines
 * and segments of WAL.  It is known before anything is written.
 */
#ifndef ERPGO_ENGINE_RECOVERY_RECOVERY_PLAN_H
#define ERPGO_ENGINE_RECOVERY_RECOVERY_PLAN_H

#include "common/recovery_target.h"
#include "common/timeline_history.h"
#include "repository/repository.h"

typedef struct RecoveryPlan
{
	TimelineHistory history;	/* of the timeline that is followed */
	bool		hole_follows;	/* behind what the target needs */
	char	  **segments;		/* of the archive that may be replayed, in
								 * their order; the last one may be in pieces */
	int			segment_count;
	uint64		last_lsn;		/* where the last whole one begins that is
								 * needed */
	char	   *own_last;		/* the last segment that the backup brings */
	uint64		tail_lsn;		/* up to here pieces of the next segment go;
								 * 0: there are none, or they are not needed */
} RecoveryPlan;

/*
 * The newest physical backup that a recovery to the target can begin at;
 * FAILURE_UNDEFINED if there is none.  Damaged backups are passed over.
 */
extern const char *recovery_choose_backup(Repository *repository,
										  const RecoveryTarget *target);

/*
 * Plans the recovery from a backup; allocated.  Fails if the backup is too
 * late for the target or on a timeline that does not lead there
 * (FAILURE_STATE, naming one that suits), or if segments are missing
 * (FAILURE_DAMAGED, naming them).  With the tail, pieces of the segment that
 * the server had not finished count, too.
 */
extern RecoveryPlan *recovery_plan(Repository *repository, const Manifest *manifest,
								   const RecoveryTarget *target, bool with_tail);

#endif

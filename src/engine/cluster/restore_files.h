/*
 * Writes the files of a physical backup to a target.
 */
#ifndef ERPGO_ENGINE_CLUSTER_RESTORE_FILES_H
#define ERPGO_ENGINE_CLUSTER_RESTORE_FILES_H

#include "cluster/restore_plan.h"
#include "isolated.h"

/*
 * The file of the data directory that is there while it is being restored; it
 * holds the cluster's system identifier.  As long as it is there, pg_control
 * may not be.
 */
#define RESTORE_MARKER "erpgo_backup.restoring"

/* What the processes that restore have done; shared memory. */
typedef struct RestoreCounters
{
	int			next_item;		/* of the work of all of them */
	int64		bytes_done;
	int64		files_written;
	int64		files_kept;
	int64		files_removed;
} RestoreCounters;

/* A restore under way. */
typedef struct RestoreWork
{
	Repository *repository;
	const Backup *backup;
	RestorePlan *plan;
	RestoreCounters *counters;
	int			jobs;			/* processes */
	const char *phase;			/* what they are doing */
	int64		bytes_expected;
	int		   *taken;			/* the last item of each process; shared
								 * memory */
} RestoreWork;

/*
 * Has the processes do a step; each takes items by restore_next_item until
 * there are no more.
 */
extern void restore_work_run(RestoreWork *work, IsolatedStep step, const char *phase,
							 int64 bytes_expected);
extern int	restore_next_item(RestoreWork *work);

/* Makes the folders. */
extern void restore_folders(RestoreWork *work);

/*
 * Writes all files that are to be written, and the segments of WAL.  Each
 * frame and each file is compared with its digest.  They are not durable yet.
 * Of an object that is damaged, it is told first if its stored bytes are not
 * those of the manifest.
 */
extern void restore_files(RestoreWork *work);

/* Makes all files and folders durable. */
extern void restore_sync(RestoreWork *work);

#endif

/*
 * What is to be restored of a physical backup, and where to.
 */
#ifndef ERPGO_ENGINE_CLUSTER_RESTORE_PLAN_H
#define ERPGO_ENGINE_CLUSTER_RESTORE_PLAN_H

#include "cluster/pack_check.h"
#include "cluster/target.h"

/* What becomes of a file of the plan. */
typedef enum PlanAction
{
	PLAN_WRITE,					/* it is to be written */
	PLAN_KEEP,					/* the target has it already */
	PLAN_SKIP					/* it does not belong into a restored cluster */
} PlanAction;

typedef struct RestorePlan
{
	Target	   *target;
	ListedFile *files;			/* what is in packs, by pack and place in it */
	int			count;
	int			capacity;
	ListedFile *folders;		/* all directories, parents first */
	int			folder_count;
	int			folder_capacity;
	ListedFile *configs;		/* configuration files from elsewhere */
	int			config_count;
	int			config_capacity;
	PackContent *packs;			/* largest first; they use the list of files */
	int			pack_count;
	const ManifestObject **wal; /* segments, in order */
	int			wal_count;
	int64		bytes;			/* of files and WAL */

	/* Shared memory, one for each of the files. */
	uint8	   *actions;		/* PlanAction */
} RestorePlan;

/*
 * Reads the lists of a backup, and checks that they fit each other, the
 * manifest, and a restored cluster; anything else is FAILURE_DAMAGED.
 */
extern RestorePlan *restore_plan_read(Repository *repository, const Backup *backup,
									  Target *target);

/*
 * May the list of a backup name this path?  Not one that the restore or a
 * running server writes.
 */
extern bool restore_path_is_allowed(const char *path);

/* The name of the segment of WAL in an object; allocated. */
extern char *wal_object_segment(const ManifestObject *object);

#endif

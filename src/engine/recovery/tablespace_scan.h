/*
 * Where replay will make tablespaces.
 */
#ifndef ERPGO_ENGINE_RECOVERY_TABLESPACE_SCAN_H
#define ERPGO_ENGINE_RECOVERY_TABLESPACE_SCAN_H

#include "recovery/recovery_plan.h"

/* What a scan needs. */
typedef struct TablespaceScan
{
	Repository *repository;
	const RecoveryPlan *plan;
	int64		segment_bytes;
	const char *pg_waldump;		/* its path */
	const char *folder;			/* for segments while they are looked at */
} TablespaceScan;

/*
 * Looks for the creation of tablespaces in the segments that may be replayed:
 * the server makes them at the very path that the original had.  Fails
 * (FAILURE_STATE) if there is something at that path on this machine already:
 * it may be the original's, and replay would write to its files.  Warns if
 * there is no directory, without which the server will stop.
 */
extern void tablespace_scan(const TablespaceScan *scan);

/*
 * Looks at these places once more, after a scan that this process or a child
 * of it has made with the same folder.  Fails (FAILURE_STATE) unless each is
 * an empty directory, so that replay can go on and harms nothing.
 */
extern void tablespace_check_places(const TablespaceScan *scan);

#endif

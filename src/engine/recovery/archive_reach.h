/*
 * How far the WAL of a cluster is known to have gone, whatever is left of the
 * archive.
 */
#ifndef ERPGO_ENGINE_RECOVERY_ARCHIVE_REACH_H
#define ERPGO_ENGINE_RECOVERY_ARCHIVE_REACH_H

#include "common/timeline_history.h"
#include "repository/repository.h"

/*
 * The greatest position along a history that the repository tells of: by what
 * the archive noted of itself, by the ends of later backups than this one, and
 * by where the last timeline begins.  0 if nothing is told.
 */
extern uint64 archive_reach(Repository *repository, const Manifest *manifest,
							const TimelineHistory *history);

#endif

/*
 * WAL that follows: further repositories for which archiving does not wait
 * are brought what the archive of the first one has.
 */
#ifndef ERPGO_SERVER_WAL_FOLLOW_H
#define ERPGO_SERVER_WAL_FOLLOW_H

#include "postgres.h"

#include "job_slot.h"

/*
 * As a part of the scheduler: asks for WAL to be copied where it is time, and
 * something was archived since.  Returns after how many milliseconds there is
 * more to do; 0 if never.
 */
extern long wal_follow_run(void);

/* Ends the pauses after failures, as something may have been mended. */
extern void wal_follow_want_again(void);

/* Takes the end of such a job, and tells the server's log where that changed. */
extern void wal_follow_end(const char *target, const JobOutcome *outcome);

#endif

/*
 * Shipping the tail of the WAL: what the server has written of the segment
 * that it has not finished, so that less than a segment is lost with it.
 */
#ifndef ERPGO_SERVER_TAIL_JOB_H
#define ERPGO_SERVER_TAIL_JOB_H

#include "postgres.h"

#include "job_slot.h"

/* Defines the setting that says how often. */
extern void tail_job_define_setting(void);

/* Does this extension archive the server's WAL? */
extern bool tail_job_archives_wal(void);

/* The seconds between looks at what was archived; never 0. */
extern int	tail_job_interval(void);

/*
 * As a part of the scheduler: asks for the tail to be shipped if it is time,
 * and something was written since.  Returns after how many milliseconds there
 * is more to do; 0 if never.
 */
extern long tail_job_run(void);

/*
 * Did the server's last try to archive a file fail?  Then segments may wait
 * that some of the repositories could have.
 */
extern bool tail_job_archiver_fails(void);

/*
 * How far the WAL goes that this worker's job is to ship; it is noted for the
 * end of the job.
 */
extern const WalTailPoint *tail_job_begin(void);

/* Takes the end of the job, and tells the server's log where that changed. */
extern void tail_job_end(bool succeeded, const JobOutcome *outcome);

#endif

/*
 * The job worker: one background process for each running job.
 */
#ifndef ERPGO_SERVER_JOB_H
#define ERPGO_SERVER_JOB_H

#include "postgres.h"

#include "postmaster/bgworker.h"

#include "job_slot.h"

/*
 * Fills in the worker that is to do the job in a slot.  It tells the calling
 * process when it starts and ends.
 */
extern void job_worker_describe(BackgroundWorker *worker, const JobSlot *slot);

extern PGDLLEXPORT void erpgo_backup_job_main(Datum slot_index);

#endif

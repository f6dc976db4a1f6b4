/*
 * Backups that the repository has lost.
 */
#ifndef ERPGO_SERVER_MISSING_H
#define ERPGO_SERVER_MISSING_H

#include "job_slot.h"

/*
 * Notes that backups which were not seen in the repository since a time are
 * gone, with a warning for each to the log and to the session that waits for
 * the caller's job.
 */
extern void missing_report(JobSlot *slot, TimestampTz since);

#endif

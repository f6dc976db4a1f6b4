/*
 * The file that metrics are written to, for a program that collects them.
 *
 * Whoever changes something wants it written; the scheduler asks for a job
 * that does; the job has the engine do it.
 */
#ifndef ERPGO_SERVER_METRICS_FILE_H
#define ERPGO_SERVER_METRICS_FILE_H

#include "job_slot.h"

/* A file system that takes longer hangs. */
#define METRICS_FILE_LIMIT_S 60

/* Something has changed what the file says, or where it is. */
extern void metrics_file_want(void);

/* Asks for the job if it is wanted; for the scheduler. */
extern void metrics_file_request(void);

/* Throws an error if the file is among the server's own. */
extern void metrics_file_require_outside(void);

/* What the file is to hold; allocated.  Within a transaction. */
extern char *metrics_file_text(void);

/*
 * Tells the server's log how the job ended: once if it goes wrong again and
 * again.
 */
extern void metrics_file_log_end(const JobOutcome *outcome);

#endif

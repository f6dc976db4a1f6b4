/*
 * The description of a job that the engine is given.
 */
#ifndef ERPGO_SERVER_JOB_DESCRIPTION_H
#define ERPGO_SERVER_JOB_DESCRIPTION_H

#include "job_slot.h"

/*
 * The line that describes a job, in UTF-8, allocated.  It holds no secret.
 * Not to be called inside a transaction.
 */
extern char *job_description(const JobRequest *request);

/* The same for removing what an unfinished backup left. */
extern char *discard_description(const char *id);

/* The same for serving metrics. */
extern char *listen_description(void);

/* How long the engine may take for a job, in seconds; 0 is without limit. */
extern int	job_time_limit(const JobRequest *request);

/* A list of names, each with its zero, as a JSON array; allocated. */
extern char *names_to_json(const char *names, int count);

#endif

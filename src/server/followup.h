/*
 * Jobs that follow another one.
 */
#ifndef ERPGO_SERVER_FOLLOWUP_H
#define ERPGO_SERVER_FOLLOWUP_H

#include "job_slot.h"

/*
 * Asks for a job that follows the caller's, and does not wait for it; within
 * no transaction.  prepare, which may be NULL, completes the request within
 * SPI, or returns false if there is nothing to be done.  That it is not
 * possible is worth a line in the log, which begins with the words given.
 */
extern void followup_request(JobRequest *request,
							 bool (*prepare) (JobRequest *request),
							 const char *words);

#endif

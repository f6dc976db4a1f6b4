/*
 * Copies to further repositories, as a part of the scheduler.
 */
#ifndef ERPGO_SERVER_COPY_RUN_H
#define ERPGO_SERVER_COPY_RUN_H

#include "postgres.h"

#include "job_slot.h"

/* Something may be to be copied: the scheduler is to look. */
extern void copies_want(void);

/* The settings changed: what could not be copied may be now. */
extern void copies_want_again(void);

/* May the end of such a job mean that something is to be copied? */
extern bool copies_depend_on(JobKind kind);

/*
 * Asks for the copies that are due, if nothing is in the way.  Returns after
 * how many milliseconds there is more to do; 0 if only a job's end, or a new
 * setting, will tell.
 */
extern long copies_run(void);

/* Repairs the rows of copies whose jobs ended without telling. */
extern void copies_repair(void);

#endif

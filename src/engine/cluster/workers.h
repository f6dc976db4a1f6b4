/*
 * Work that several processes do side by side.
 */
#ifndef ERPGO_ENGINE_CLUSTER_WORKERS_H
#define ERPGO_ENGINE_CLUSTER_WORKERS_H

#include "isolated.h"

/*
 * Memory, all zeros, that this process shares with those that are forked from
 * now on; what is never used takes none.
 */
extern void *workers_share(size_t size);

/* Reports how far the work is. */
typedef void (*WorkersReport) (void *context);

/*
 * Does a step in so many processes, and waits for all of them.  Returns -1; if
 * one fails, the others are ended, the failure (allocated) is in *problem, and
 * the number of the process is returned.
 */
extern int	workers_try(IsolatedStep step, void *context, int count,
						WorkersReport report, Failure *problem);

/* Which of these processes this one is, from 0 on. */
extern int	workers_number(void);

/* The same, but fails if one does. */
extern void workers_run(IsolatedStep step, void *context, int count,
						WorkersReport report);

#endif

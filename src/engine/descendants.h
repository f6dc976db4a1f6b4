/*
 * The processes below the supervisor, and how to end them.
 */
#ifndef ERPGO_ENGINE_DESCENDANTS_H
#define ERPGO_ENGINE_DESCENDANTS_H

#include "postgres_fe.h"

/* The process that the supervisor has an eye on: a worker. */
typedef struct Worker
{
	pid_t		pid;			/* also its process group */
	bool		ended;
	int			status;			/* its wait status, once ended */
} Worker;

/*
 * Forks a worker in a process group of its own, with default signals.  In the
 * child, the result's pid is 0.
 */
extern Worker descendants_start(void);

/* Reaps whoever has ended; false if nobody is left. */
extern bool descendants_reap(Worker *worker);

/*
 * Ends the worker and everything below the supervisor, first with SIGTERM,
 * then with SIGKILL, and reaps until nobody is left.  SIGCHLD must be
 * blocked.
 */
extern void descendants_end(Worker *worker);

/*
 * Waits until nobody is left below the supervisor, at most so long; true if
 * that is so.  SIGCHLD must be blocked.
 */
extern bool descendants_wait(Worker *worker, int milliseconds);

#endif

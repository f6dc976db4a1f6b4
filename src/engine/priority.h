/*
 * Giving way to the server.
 */
#ifndef ERPGO_ENGINE_PRIORITY_H
#define ERPGO_ENGINE_PRIORITY_H

#include "postgres_fe.h"

/*
 * From now on this process and its children come after others: for the
 * processor (nice, 0 to 19), for the disk, and first when memory runs out.
 * What the system refuses is left as it is.
 */
extern void priority_lower(int niceness);

/*
 * How long a process pauses that ran for run_ns and waited for a processor
 * for wait_ns, in nanoseconds: as long as it waited at the niceness of 3,
 * longer or shorter in proportion at another one, 2 s at most; not at all if it
 * waited little.  A low priority alone fills every gap that others leave, and slows
 * them down by what they share with us: caches, memory, half a core.
 */
extern int64 priority_pause_ns(int niceness, int64 run_ns, int64 wait_ns);

/*
 * Called after each piece of work of so many bytes: pauses now and then if
 * the priority was lowered and others need the processors.
 */
extern void priority_give_way(size_t done);

#endif

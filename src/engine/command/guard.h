/*
 * Work that leaves something behind if it does not end well: it is done in a
 * worker, and this process, which cleans up, survives whatever happens to it.
 */
#ifndef ERPGO_ENGINE_COMMAND_GUARD_H
#define ERPGO_ENGINE_COMMAND_GUARD_H

#include "isolated.h"

/*
 * From now on the signals that ask this process to end (hang-up, interrupt,
 * terminate) wait until guarded_run or guard_end.
 */
extern void guard_begin(void);
extern void guard_end(void);

/*
 * Does a step in a worker, which reports its failure itself.  Returns its
 * exit code; 1, after a message, if it was killed or this process was asked
 * to end.
 */
extern int	guarded_run(IsolatedStep step, void *context);

#endif

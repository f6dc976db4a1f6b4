/*
 * A step of the work in a child process of its own, so that its failure does
 * not end this one.
 */
#ifndef ERPGO_ENGINE_ISOLATED_H
#define ERPGO_ENGINE_ISOLATED_H

#include "failure.h"

typedef void (*IsolatedStep) (void *context);

/* A step under way. */
typedef struct Isolated Isolated;

/* Starts a step in a child process. */
extern Isolated *isolated_start(IsolatedStep step, void *context);

/*
 * Waits for the end of a step.  Returns false if it failed, or its process
 * died, with the failure (allocated) in *problem.
 */
extern bool isolated_finish(Isolated *isolated, Failure *problem);

/* Poll this for input: then the step has ended, or is about to. */
extern int	isolated_descriptor(const Isolated *isolated);

/*
 * Waits until one of several steps may be finished, at most so many
 * milliseconds; its index, or -1.  NULLs among them are passed over.
 */
extern int	isolated_wait_any(Isolated *const *steps, int count, int timeout_ms);

/* Ends a step at once, wherever it is. */
extern void isolated_kill(Isolated *isolated);

/* Starts a step and waits for its end. */
extern bool isolated_run(IsolatedStep step, void *context, Failure *problem);

#endif

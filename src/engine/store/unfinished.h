/*
 * What is undone if a process ends before it has finished it.
 */
#ifndef ERPGO_ENGINE_STORE_UNFINISHED_H
#define ERPGO_ENGINE_STORE_UNFINISHED_H

#include "postgres_fe.h"

/* Removes what there is of it, if anything. */
typedef void (*UndoStep) (void *subject);

/* A part of the subject, which lives until it is ended. */
typedef struct Unfinished
{
	UndoStep	undo;
	void	   *subject;
	pid_t		owner;
	struct Unfinished *next;
} Unfinished;

/*
 * From now on, this process undoes the work at its exit.  Those that are forked
 * from it do not: it is not theirs.
 */
extern void unfinished_begin(Unfinished *work, UndoStep undo, void *subject);

/* Does the work belong to this process, and not to the one it comes from? */
extern bool unfinished_is_own(const Unfinished *work);

/* Undoes the work, if it is this process's own, and forgets it. */
extern void unfinished_end(Unfinished *work);

#endif

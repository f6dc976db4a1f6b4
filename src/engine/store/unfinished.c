/*
 * What is undone if a process ends before it has finished it.
 */
#include "store/unfinished.h"

#include <unistd.h>

/* What this process, or the one that it was forked from, is doing. */
static Unfinished *works = NULL;

/*
 * Undoes a work of this process.
 */
static void
undo(Unfinished *work)
{
	if (unfinished_is_own(work))
		work->undo(work->subject);
}

/*
 * At exit, undoes all.
 */
static void
undo_all(void)
{
	for (Unfinished *work = works; work != NULL; work = work->next)
		undo(work);
}

void
unfinished_begin(Unfinished *work, UndoStep step, void *subject)
{
	static pid_t registered_by = 0;

	/* A worker forgets the exit handlers of its parent. */
	if (registered_by != getpid() && atexit(undo_all) == 0)
		registered_by = getpid();
	*work = (Unfinished)
	{
		.undo = step, .subject = subject, .owner = getpid(), .next = works
	};
	works = work;
}

bool
unfinished_is_own(const Unfinished *work)
{
	return work->owner == getpid();
}

void
unfinished_end(Unfinished *work)
{
	Unfinished **link = &works;

	undo(work);
	while (*link != work)
		link = &(*link)->next;
	*link = work->next;
}

/*
 * Work that leaves something behind if it does not end well.
 */
#include "postgres_fe.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "command/guard.h"
#include "descendants.h"
#include "process.h"

/* The signals that wait, and what was blocked before. */
static sigset_t guarded_signals;
static sigset_t previous_signals;

void
guard_begin(void)
{
	sigemptyset(&guarded_signals);
	sigaddset(&guarded_signals, SIGHUP);
	sigaddset(&guarded_signals, SIGINT);
	sigaddset(&guarded_signals, SIGTERM);
	sigaddset(&guarded_signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &guarded_signals, &previous_signals);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		fail_errno("could not become the reaper of orphaned processes");
}

void
guard_end(void)
{
	sigprocmask(SIG_SETMASK, &previous_signals, NULL);
}

/*
 * Waits until the worker has ended, or somebody asks this process to end, and
 * ends whatever is left below it: pg_restore does not end its own workers if
 * it is killed.  Returns the signal that asked, or 0.
 */
static int
wait_for_worker(Worker *worker)
{
	int			asked = 0;

	while (!worker->ended && asked == 0)
	{
		int			received = sigwaitinfo(&guarded_signals, NULL);

		if (received == SIGCHLD)
			descendants_reap(worker);
		else if (received > 0)
			asked = received;
	}
	descendants_end(worker);
	return asked;
}

int
guarded_run(IsolatedStep step, void *context)
{
	Worker		worker = descendants_start();
	int			asked;

	if (worker.pid == 0)
	{
		step(context);
		exit(0);
	}
	asked = wait_for_worker(&worker);
	if (asked != 0)
		notice("error", NULL, "interrupted by signal %d: %s", asked,
			   pg_strsignal(asked));
	else if (!WIFEXITED(worker.status))
		notice("error", NULL, "the worker process %s",
			   wait_status_text(worker.status));
	else
		return WEXITSTATUS(worker.status);
	return 1;
}

/*
 * Work that leaves something behind if it does not end well.
 */
#include "postgres_fe.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/guard.h"
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
}

void
guard_end(void)
{
	sigprocmask(SIG_SETMASK, &previous_signals, NULL);
}

/*
 * Waits until a worker has ended, or somebody asks this process to end, which
 * ends the worker.  Returns the signal that asked, or 0.
 */
static int
wait_for_worker(pid_t pid, int *status)
{
	int			asked = 0;

	while (waitpid(pid, status, WNOHANG) != pid)
	{
		int			received = sigwaitinfo(&guarded_signals, NULL);

		if (received > 0 && received != SIGCHLD)
		{
			asked = received;
			kill(pid, SIGKILL);
		}
	}
	return asked;
}

int
guarded_run(IsolatedStep step, void *context)
{
	pid_t		pid = worker_fork();
	int			status;
	int			asked;

	if (pid == 0)
	{
		guard_end();
		step(context);
		exit(0);
	}
	asked = wait_for_worker(pid, &status);
	if (asked != 0)
		notice("error", NULL, "interrupted by signal %d: %s", asked,
			   pg_strsignal(asked));
	else if (!WIFEXITED(status))
		notice("error", NULL, "the worker process %s", wait_status_text(status));
	else
		return WEXITSTATUS(status);
	return 1;
}

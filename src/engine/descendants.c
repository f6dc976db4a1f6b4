/*
 * The processes below the supervisor, and how to end them.
 *
 * The supervisor is their reaper: one whose parent ends becomes a child of
 * the supervisor, and cannot escape.
 */
#include "postgres_fe.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "descendants.h"
#include "failure.h"
#include "process.h"

/* From SIGTERM to SIGKILL: enough to cancel a query. */
#define TERMINATION_GRACE_MS 500
/* How often SIGKILL is sent to whoever has become a child since. */
#define KILL_INTERVAL_MS 100
/* How long a worker outlives SIGTERM. */
#define FAREWELL_MS 250

/*
 * Ends a worker that was told to.  pg_dump got the same signal and cancels
 * its query; it would be killed before that if its parent were gone at once.
 */
static void
take_leave(int signal_number)
{
	poll(NULL, 0, FAREWELL_MS);
	_exit(EXIT_FAILURE);
}

Worker
descendants_start(void)
{
	Worker		worker = {.pid = worker_fork()};
	sigset_t	none;

	/* Both sides do this, so that neither comes too late. */
	setpgid(worker.pid, worker.pid);
	if (worker.pid == 0)
	{
		signal(SIGTERM, take_leave);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	return worker;
}

bool
descendants_reap(Worker *worker)
{
	pid_t		pid;
	int			status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
	{
		if (pid == worker->pid)
		{
			worker->ended = true;
			worker->status = status;
		}
	}
	return pid == 0;
}

bool
descendants_wait(Worker *worker, int milliseconds)
{
	int64		deadline = clock_ms() + milliseconds;
	sigset_t	child_ended;

	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	while (descendants_reap(worker))
	{
		int64		left = deadline - clock_ms();
		struct timespec timeout = {left / 1000, left % 1000 * 1000000};

		if (left <= 0)
			return false;
		sigtimedwait(&child_ended, NULL, &timeout);
	}
	return true;
}

/*
 * Kills all processes whose parent is the supervisor, also those that left
 * the worker's process group.
 */
static void
kill_children(void)
{
	char	   *path = psprintf("/proc/self/task/%d/children", (int) getpid());
	FILE	   *children = fopen(path, "r");
	int			pid;

	pg_free(path);
	if (children == NULL)
		return;
	while (fscanf(children, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	fclose(children);
}

void
descendants_end(Worker *worker)
{
	/* As long as the worker has not been reaped, the number is its own. */
	if (descendants_reap(worker) && !worker->ended)
	{
		kill(-worker->pid, SIGTERM);
		if (descendants_wait(worker, TERMINATION_GRACE_MS))
			return;
	}
	do
	{
		if (!worker->ended)
			kill(-worker->pid, SIGKILL);
		kill_children();
	} while (!descendants_wait(worker, KILL_INTERVAL_MS));
}

/*
 * Child processes of the engine: programs of PostgreSQL, and workers.
 */
#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"

/* How many programs may run at a time. */
#define PROGRAM_LIMIT 64

/* The largest that everybody may ask for; it saves switches of context. */
#define PIPE_SIZE (1024 * 1024)

/* What makes a program write to standard output in larger pieces. */
#define STDBUF "/usr/bin/stdbuf"
#define STDBUF_OUTPUT "--output=256K"

/* What a shell calls a program that could not be executed. */
#define EXIT_NOT_EXECUTED 127

static const char *const clean_environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"LC_ALL=C",
	"TZ=UTC",
	NULL
};

/* Programs whose standard error has to be read. */
static Program *running[PROGRAM_LIMIT];
static int	running_count = 0;

/*
 * Takes a program off the list of the running ones; it may not be there.
 */
static void
forget_program(const Program *program)
{
	for (int i = 0; i < running_count; i++)
	{
		if (running[i] == program)
		{
			running[i] = running[--running_count];
			return;
		}
	}
}

/*
 * Closes a descriptor, unless it is -1, and makes it -1.
 */
static void
close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * Prepares a child after fork: default signals (SIGPIPE would be inherited
 * ignored), and an end of its own if its parent ends.
 */
static void
become_child(pid_t parent)
{
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);

	/* The parent may have ended before it was asked for. */
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

/*
 * Forks with all signals blocked, so that no handler of the parent runs in
 * the child.  Returns in both; the caller restores *mask.
 */
static pid_t
fork_child(sigset_t *mask)
{
	pid_t		parent = getpid();
	sigset_t	all;
	pid_t		pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, mask);
	pid = fork();
	if (pid == 0)
		become_child(parent);
	return pid;
}

/*
 * Makes a pipe that no other child inherits; *ours does not block.
 */
static void
open_pipe(int *ours, int *theirs, bool ours_writes)
{
	int			ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		fail_errno("could not create a pipe");
	*ours = ends[ours_writes ? 1 : 0];
	*theirs = ends[ours_writes ? 0 : 1];
	fcntl(*ours, F_SETPIPE_SZ, PIPE_SIZE);
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) != 0)
		fail_errno("could not make a pipe non-blocking");
}

/*
 * Opens the three streams of a program: pipes for those that were asked for
 * and for standard error, /dev/null for the others.
 */
static void
open_streams(Program *program, int streams, int child_fds[3])
{
	program->in = program->out = -1;
	child_fds[0] = child_fds[1] = -1;
	if (streams & PROGRAM_IN)
		open_pipe(&program->in, &child_fds[0], true);
	if (streams & PROGRAM_OUT)
		open_pipe(&program->out, &child_fds[1], false);
	open_pipe(&program->err, &child_fds[2], false);

	for (int i = 0; i < 2; i++)
	{
		if (child_fds[i] < 0)
			child_fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (child_fds[i] < 0)
			fail_errno("could not open \"%s\"", "/dev/null");
	}
}

/*
 * The clean environment with what was given added; allocated.
 */
static char **
make_environment(const char *const *added)
{
	int			count = 0;
	char	  **environment;

	for (int i = 0; added != NULL && added[i] != NULL; i++)
		count++;
	environment = pg_malloc0((lengthof(clean_environment) + count) * sizeof(char *));
	for (int i = 0; clean_environment[i] != NULL; i++)
		environment[i] = unconstify(char *, clean_environment[i]);
	for (int i = 0; i < count; i++)
		environment[lengthof(clean_environment) - 1 + i] = unconstify(char *, added[i]);
	return environment;
}

/*
 * The arguments that have stdbuf start a program with a large buffer before
 * its standard output; allocated.  They are the program's own where there is
 * no stdbuf.
 *
 * The C library writes to a pipe in pieces of 4 kB.  For a dump, that is a
 * tenth of all the work that there is.
 */
static const char *const *
widen_output(const char *const *argv)
{
	const char **widened;
	int			count = 0;

	if (access(STDBUF, X_OK) != 0)
		return argv;
	while (argv[count] != NULL)
		count++;
	widened = pg_malloc((count + 3) * sizeof(char *));
	widened[0] = STDBUF;
	widened[1] = STDBUF_OUTPUT;
	memcpy(widened + 2, argv, (count + 1) * sizeof(char *));
	return widened;
}

/*
 * Becomes the program, in the child.  An error is told on the standard error
 * that was given.
 */
static void
execute(const char *const *argv, char **environment, const int child_fds[3])
{
	int			high[3];
	sigset_t	none;

	/* The engine itself may have been started with 0, 1 or 2 closed. */
	for (int i = 0; i < 3; i++)
		high[i] = fcntl(child_fds[i], F_DUPFD, 3);
	for (int i = 0; i < 3; i++)
	{
		if (high[i] < 0 || dup2(high[i], i) < 0)
			_exit(EXIT_NOT_EXECUTED);
	}
	if (close_range(3, ~0U, 0) == 0)
	{
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve(argv[0], (char *const *) argv, environment);
	}
	fprintf(stderr, "could not execute \"%s\": %s\n", argv[0], strerror(errno));
	_exit(EXIT_NOT_EXECUTED);
}

Program *
program_start(const char *const *argv, const char *const *environment,
			  int streams)
{
	Program    *program = pg_malloc0(sizeof(Program));
	const char *slash = strrchr(argv[0], '/');
	char	  **whole_environment = make_environment(environment);
	int			child_fds[3];
	sigset_t	mask;

	if (running_count == PROGRAM_LIMIT)
		fail(FAILURE_INTERNAL, NULL, "cannot run more than %d programs at a time",
			 PROGRAM_LIMIT);
	program->name = pg_strdup(slash == NULL ? argv[0] : slash + 1);
	open_streams(program, streams, child_fds);

	/* A program that stops reading is seen by EPIPE. */
	signal(SIGPIPE, SIG_IGN);

	program->pid = fork_child(&mask);
	if (program->pid == 0)
		execute(streams & PROGRAM_WIDE ? widen_output(argv) : argv,
				streams & PROGRAM_INHERIT ? environ : whole_environment, child_fds);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (program->pid < 0)
		fail_errno("could not start program \"%s\"", argv[0]);

	for (int i = 0; i < 3; i++)
		close(child_fds[i]);
	pg_free(whole_environment);
	running[running_count++] = program;
	return program;
}

/*
 * Keeps what a program said on standard error, or the end of it.
 */
static void
keep_errors(Program *program, const char *data, size_t len)
{
	size_t		limit = PROGRAM_STDERR_SIZE - 1;

	if (len > limit)
	{
		data += len - limit;
		len = limit;
	}
	if (program->err_len + len > limit)
	{
		size_t		dropped = program->err_len + len - limit;

		program->err_len -= dropped;
		memmove(program->err_text, program->err_text + dropped, program->err_len);
	}
	memcpy(program->err_text + program->err_len, data, len);
	program->err_len += len;
	program->err_text[program->err_len] = '\0';
}

void
program_drain_errors(Program *program)
{
	char		buffer[PROGRAM_STDERR_SIZE];

	while (program->err >= 0)
	{
		ssize_t		len = read(program->err, buffer, sizeof(buffer));

		if (len > 0)
			keep_errors(program, buffer, len);
		else if (len < 0 && errno == EAGAIN)
			return;
		else if (len == 0 || errno != EINTR)
			close_descriptor(&program->err);
	}
}

/*
 * Says what to wait for; nothing if the descriptor is -1.
 */
static void
set_polled(struct pollfd *polled, int fd, short events)
{
	polled->fd = fd;
	polled->events = events;
	polled->revents = 0;
}

void
descriptor_wait(int fd, short events)
{
	struct pollfd polled[1 + PROGRAM_LIMIT];

	do
	{
		set_polled(&polled[0], fd, events);
		for (int i = 0; i < running_count; i++)
			set_polled(&polled[1 + i], running[i]->err, POLLIN);

		if (poll(polled, 1 + running_count, -1) < 0)
		{
			if (errno != EINTR)
				fail_errno("could not wait for a descriptor");
			continue;
		}
		for (int i = 0; i < running_count; i++)
		{
			if (polled[1 + i].revents != 0)
				program_drain_errors(running[i]);
		}
	} while (polled[0].revents == 0);
}

size_t
program_read(Program *program, void *buffer, size_t size)
{
	size_t		filled = 0;

	while (filled < size)
	{
		ssize_t		len = read(program->out, (char *) buffer + filled, size - filled);

		if (len == 0)
			break;
		if (len > 0)
			filled += len;
		else if (errno == EAGAIN)
			descriptor_wait(program->out, POLLIN);
		else if (errno != EINTR)
			fail_errno("could not read from program \"%s\"", program->name);
	}
	return filled;
}

void
program_close_input(Program *program)
{
	close_descriptor(&program->in);
}

/*
 * Waits until the process has ended, reading standard error meanwhile.  Its
 * own descendants may hold that open for longer, so the end of file says
 * nothing.
 */
static void
wait_for_exit(pid_t pid)
{
	int			pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		fail_errno("could not open process %d", (int) pid);
	descriptor_wait(pidfd, POLLIN);
	close(pidfd);
}

int
program_wait(Program *program)
{
	int			status;

	close_descriptor(&program->in);
	close_descriptor(&program->out);
	wait_for_exit(program->pid);
	while (waitpid(program->pid, &status, 0) < 0)
	{
		if (errno != EINTR)
			fail_errno("could not wait for program \"%s\"", program->name);
	}
	program->pid = -1;
	program_drain_errors(program);
	close_descriptor(&program->err);
	forget_program(program);
	return status;
}

void
program_kill(Program *program)
{
	if (program->pid > 0)
	{
		kill(program->pid, SIGKILL);
		program_wait(program);
	}
	pg_free(unconstify(char *, program->name));
	pg_free(program);
}

/*
 * Runs when a worker exits, before any exit handler that its parent had
 * registered, and ends the process so that those never run.  Handlers of the
 * worker itself were registered later, so they have run already.
 */
static void
end_worker(int status, void *argument)
{
	fflush(stdout);
	fflush(stderr);
	_exit(status);
}

pid_t
worker_fork(void)
{
	sigset_t	mask;
	pid_t		pid;

	/* What is in the buffer must not be written by both. */
	fflush(stdout);

	pid = fork_child(&mask);
	if (pid < 0)
		fail_errno("could not start a worker process");
	if (pid == 0)
	{
		if (on_exit(end_worker, NULL) != 0)
			_exit(EXIT_FAILURE);
		running_count = 0;
		signal(SIGPIPE, SIG_IGN);
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return pid;
}

void
worker_keep_only(int fd)
{
	int			null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		fail_errno("could not open \"%s\"", "/dev/null");
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if ((fd > 3 && close_range(3, fd - 1, 0) != 0) ||
		close_range(fd + 1, ~0U, 0) != 0)
		fail_errno("could not close the descriptors of a worker process");
}

char *
wait_status_text(int status)
{
	if (WIFEXITED(status))
		return psprintf("exited with code %d", WEXITSTATUS(status));
	if (WIFSIGNALED(status))
		return psprintf("was killed by signal %d: %s", WTERMSIG(status),
						pg_strsignal(WTERMSIG(status)));
	return psprintf("ended with unknown status %d", status);
}

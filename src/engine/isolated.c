/*
 * A step of the work in a child process of its own.
 *
 * The child sends its failure through a pipe: the kind in one byte, then
 * message, detail and hint, each with its terminating zero, empty for none.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isolated.h"
#include "lib/stringinfo.h"
#include "process.h"

/* No failure says more than this. */
#define MESSAGE_LIMIT (64 * 1024)

struct Isolated
{
	pid_t		pid;
	int			fd;				/* its failure comes here */
};

/* Where the failure of this process goes, if it is such a child. */
static int	failure_fd = -1;

/*
 * Writes a text with its terminating zero; NULL as an empty one.
 */
static void
append_field(StringInfo message, const char *field)
{
	if (field != NULL)
		appendStringInfoString(message, field);
	appendStringInfoChar(message, '\0');
}

/*
 * Sends a failure to the parent, which may be gone.
 */
static void
report_to_parent(const Failure *failure)
{
	StringInfoData message;
	int			sent = 0;

	initStringInfo(&message);
	appendStringInfoChar(&message, (char) failure->kind);
	append_field(&message, failure->message);
	append_field(&message, failure->detail);
	append_field(&message, failure->hint);
	while (sent < message.len)
	{
		ssize_t		written = write(failure_fd, message.data + sent,
									message.len - sent);

		if (written < 0 && errno != EINTR)
			break;
		if (written > 0)
			sent += written;
	}
	pfree(message.data);
}

/*
 * What the child does.
 */
static void
run_in_child(IsolatedStep step, void *context, int fd)
{
	failure_fd = fd;
	failure_set_reporter(report_to_parent);
	step(context);
	exit(0);
}

Isolated *
isolated_start(IsolatedStep step, void *context)
{
	Isolated   *isolated = pg_malloc0(sizeof(Isolated));
	int			fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		fail_errno("could not create a pipe");
	isolated->pid = worker_fork();
	if (isolated->pid == 0)
	{
		close(fds[0]);
		run_in_child(step, context, fds[1]);
	}
	close(fds[1]);
	isolated->fd = fds[0];
	return isolated;
}

/*
 * Reads what the child says until it closes the pipe.  Programs that run
 * meanwhile, perhaps fed by that child, never block on their messages.
 */
static void
read_message(int fd, StringInfo message)
{
	char		buffer[1024];
	ssize_t		got;

	initStringInfo(message);
	descriptor_wait(fd, POLLIN);
	while ((got = read(fd, buffer, sizeof(buffer))) != 0)
	{
		if (got < 0 && errno != EINTR)
			fail_errno("could not read from a worker process");
		if (got > 0 && message->len < MESSAGE_LIMIT)
			appendBinaryStringInfo(message, buffer, got);
	}
}

/*
 * Waits for the end of a child; its wait status.
 */
static int
wait_for_child(pid_t pid)
{
	int			status;

	while (waitpid(pid, &status, 0) < 0)
	{
		if (errno != EINTR)
			fail_errno("could not wait for a worker process");
	}
	return status;
}

/*
 * Takes the next text out of a message; NULL for an empty one.
 */
static const char *
take_field(StringInfo message)
{
	const char *field = message->data + message->cursor;

	if (message->cursor >= message->len || *field == '\0')
	{
		message->cursor++;
		return NULL;
	}
	message->cursor += strlen(field) + 1;
	return field;
}

/*
 * The failure that a child sent.
 */
static void
decode_failure(StringInfo message, Failure *problem)
{
	problem->kind = FAILURE_INTERNAL;
	if (message->data[0] >= 0 && message->data[0] <= FAILURE_STATE)
		problem->kind = (FailureKind) message->data[0];
	message->cursor = 1;
	problem->message = take_field(message);
	problem->detail = take_field(message);
	problem->hint = take_field(message);
}

bool
isolated_finish(Isolated *isolated, Failure *problem)
{
	StringInfoData message;
	int			status;

	read_message(isolated->fd, &message);
	close(isolated->fd);
	status = wait_for_child(isolated->pid);
	pfree(isolated);
	if (status == 0)
	{
		pfree(message.data);
		return true;
	}

	memset(problem, 0, sizeof(*problem));
	if (message.len > 0)
		decode_failure(&message, problem);
	if (problem->message == NULL)
	{
		problem->kind = FAILURE_PROGRAM;
		problem->message = psprintf("a worker process %s",
									wait_status_text(status));
	}
	return false;
}

int
isolated_descriptor(const Isolated *isolated)
{
	return isolated->fd;
}

int
isolated_wait_any(Isolated *const *steps, int count, int timeout_ms)
{
	struct pollfd *polled = pg_malloc0(count * sizeof(struct pollfd));
	int			found = -1;

	for (int i = 0; i < count; i++)
	{
		polled[i].fd = steps[i] == NULL ? -1 : steps[i]->fd;
		polled[i].events = POLLIN;
	}
	if (poll(polled, count, timeout_ms) < 0 && errno != EINTR)
		fail_errno("could not wait for worker processes");
	for (int i = 0; i < count && found < 0; i++)
	{
		if (polled[i].fd >= 0 && polled[i].revents != 0)
			found = i;
	}
	pg_free(polled);
	return found;
}

void
isolated_kill(Isolated *isolated)
{
	kill(isolated->pid, SIGKILL);
	wait_for_child(isolated->pid);
	close(isolated->fd);
	pfree(isolated);
}

bool
isolated_run(IsolatedStep step, void *context, Failure *problem)
{
	return isolated_finish(isolated_start(step, context), problem);
}

/*
 * The engine as a child process of a job worker: started with fork and exec,
 * a socket pair as its standard input and output.
 *
 * The server's own OpenPipeStream would not do: a worker that reads from a
 * pipe hangs at shutdown, and the child survives it.
 */
#include "postgres.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/wait_event.h"

#include "engine_process.h"
#include "time_passed.h"

/* Interrupts are looked at this often while the engine does not read. */
#define SEND_WAIT_MS 1000
/* How often the end of a child is looked for: no signal tells of it. */
#define REAP_INTERVAL_MS 20
/* What an exiting worker allows the engine to clean up behind it. */
#define EXIT_GRACE_MS 1000
/* After SIGKILL, until a process counts as hanging in the kernel. */
#define KILL_GRACE_MS 1000

extern char **environ;

static pid_t engine_pid = 0;	/* also its process group */
static pgsocket engine_socket = PGINVALID_SOCKET;
static bool was_started = false;
static bool engine_ended = false;
static bool engine_killed = false;
static int	engine_status = 0;

char *
server_bindir(void)
{
	char	   *path = pstrdup(my_exec_path);

	get_parent_directory(path);
	return path;
}

char *
server_program(const char *name)
{
	return psprintf("%s/%s", server_bindir(), name);
}

/*
 * Does this entry of the server's environment go to the engine?  Secrets may
 * come that way; the rest of what an administrator's shell had does not.
 */
static bool
is_for_engine(const char *entry)
{
	static const char *const prefixes[] = {
		"BACKUP_ENCRYPTION_KEY=", "BACKUP_ENCRYPTION_KEY_COMMAND=", "BACKUP_PRIVATE_KEY_FILE=",
		"BACKUP_TRUSTED_SIGNERS=", "POSTGRES_PASSWORD=", "AWS_", "AZURE_STORAGE_", "SMTP_",
		"SFTP_", "SLACK_WEBHOOK_URL=", "WEBHOOK_", "HEARTBEAT_URL=",
		"NOTIFICATION_EMAIL=", "BACKUP_CA_FILE=", "TZ=",
		"LD_LIBRARY_PATH=", "METRICS_TOKEN=",
	};

	for (int i = 0; i < lengthof(prefixes); i++)
	{
		if (strncmp(entry, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/*
 * The environment of the engine; allocated, its entries are not copies.
 */
static char **
engine_environment(void)
{
	int			count = 0;
	char	  **environment;

	while (environ[count] != NULL)
		count++;
	environment = palloc0((count + 3) * sizeof(char *));
	count = 0;
	environment[count++] = "PATH=/usr/bin:/bin";
	environment[count++] = "LC_ALL=C";
	for (char **entry = environ; *entry != NULL; entry++)
	{
		if (is_for_engine(*entry))
			environment[count++] = *entry;
	}
	return environment;
}

/*
 * Becomes the engine, in the child.  Nothing but system calls here: the
 * memory is a copy of a backend's.
 */
static void
become_engine(int fd, pid_t parent, const char *path, char **environment)
{
	char	   *argv[] = {"erpgo_backup", "engine", NULL};
	sigset_t	none;

	setpgid(0, 0);
	/* A backend ignores SIGPIPE, and what is ignored stays so over exec. */
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(1);
	close_range(STDERR_FILENO + 1, ~0U, 0);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(path, argv, environment);
	_exit(1);
}

/*
 * Forks the engine with all signals blocked, so that no handler of the server
 * ever runs in the child.
 */
static pid_t
fork_engine(int fd, const char *path, char **environment)
{
	pid_t		parent = getpid();
	pid_t		pid;
	sigset_t	all;
	sigset_t	saved;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	pid = fork();
	if (pid == 0)
		become_engine(fd, parent, path, environment);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return pid;
}

/*
 * Throws an error if the program is not where it was installed.
 */
static void
require_program(const char *path)
{
	if (access(path, X_OK) != 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not execute \"%s\": %m", path),
				errhint("The program erpgo_backup must be installed beside the server's programs."));
}

/*
 * Sends the description.  It is far smaller than an empty socket's buffer, so
 * this never waits.
 */
static void
send_description(const char *description)
{
	size_t		len = strlen(description);
	ssize_t		sent = send(engine_socket, description, len, MSG_NOSIGNAL);

	if (sent < 0)
		ereport(ERROR,
				errcode_for_socket_access(),
				errmsg("could not send a job to the engine: %m"));
	if (sent != len)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("could not send a job to the engine: the description has %zu bytes",
					   len));
}

pgsocket
engine_start(const char *description)
{
	int			fds[2];
	char	   *path = server_program("erpgo_backup");
	char	  **environment = engine_environment();

	require_program(path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		ereport(ERROR,
				errcode_for_socket_access(),
				errmsg("could not create a socket pair: %m"));

	engine_pid = fork_engine(fds[1], path, environment);
	close(fds[1]);
	if (engine_pid < 0)
	{
		engine_pid = 0;
		close(fds[0]);
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				errmsg("could not fork the engine: %m"));
	}
	/* Both sides do this, so that neither comes too late. */
	setpgid(engine_pid, engine_pid);

	engine_socket = fds[0];
	was_started = true;
	engine_ended = false;
	engine_killed = false;
	engine_status = 0;
	if (!pg_set_noblock(engine_socket))
		elog(ERROR, "could not set socket to nonblocking mode: %m");
	send_description(description);
	return engine_socket;
}

size_t
engine_send(const char *data, size_t len)
{
	ssize_t		sent = send(engine_socket, data, len, MSG_NOSIGNAL);

	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : len;
}

void
engine_send_line(const char *line)
{
	size_t		len = strlen(line);

	while (len > 0)
	{
		size_t		sent = engine_send(line, len);

		line += sent;
		len -= sent;
		if (len == 0)
			break;
		(void) WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_WRITEABLE |
								 WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, engine_socket,
								 SEND_WAIT_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

bool
engine_has_hung_up(void)
{
	struct pollfd polled = {.fd = engine_socket, .events = POLLRDHUP};

	return poll(&polled, 1, 0) > 0 &&
		(polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void
engine_ask_to_stop(void)
{
	if (engine_socket != PGINVALID_SOCKET)
		shutdown(engine_socket, SHUT_WR);
	if (engine_pid != 0 && !engine_ended)
		kill(engine_pid, SIGTERM);
}

void
engine_kill(void)
{
	if (engine_pid == 0)
		return;
	/* The group may outlive its leader. */
	kill(-engine_pid, SIGKILL);
	engine_killed = !engine_ended;
}

bool
engine_reap(void)
{
	pid_t		pid;
	int			status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
	{
		if (pid == engine_pid)
		{
			engine_ended = true;
			engine_status = status;
		}
	}
	return pid < 0 && errno == ECHILD;
}

bool
engine_was_started(void)
{
	return was_started;
}

bool
engine_left_nothing(void)
{
	return engine_ended && !engine_killed && WIFEXITED(engine_status) &&
		WEXITSTATUS(engine_status) == 0;
}

char *
engine_end_text(void)
{
	if (!engine_ended)
		return pstrdup("does not end");
	if (WIFEXITED(engine_status))
		return psprintf("exited with code %d", WEXITSTATUS(engine_status));
	return psprintf("was killed by signal %d: %s", WTERMSIG(engine_status),
					pg_strsignal(WTERMSIG(engine_status)));
}

void
engine_close(void)
{
	if (engine_socket != PGINVALID_SOCKET)
		close(engine_socket);
	engine_socket = PGINVALID_SOCKET;
	engine_pid = 0;
}

/*
 * Waits a moment for children to end; open to interrupts unless the process
 * is exiting already.
 */
static void
wait_a_moment(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 REAP_INTERVAL_MS, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	if (!proc_exit_inprogress)
		CHECK_FOR_INTERRUPTS();
}

/*
 * Reaps for some time; true when nobody is left.
 */
static bool
reap_for(int milliseconds)
{
	int64		start = passing_ms();

	while (!engine_reap())
	{
		if (has_passed(start, milliseconds))
			return false;
		wait_a_moment();
	}
	return true;
}

void
engine_terminate(int grace_ms)
{
	if (engine_pid == 0)
		return;
	engine_ask_to_stop();
	if (!reap_for(grace_ms))
	{
		engine_kill();
		reap_for(KILL_GRACE_MS);
	}
	engine_close();
}

void
engine_await_end(void)
{
	while (!engine_reap())
		wait_a_moment();
}

/*
 * Leaves nothing behind when the worker exits.
 */
static void
clean_up_at_exit(int code, Datum arg)
{
	engine_terminate(EXIT_GRACE_MS);
}

void
engine_process_init(void)
{
	/*
	 * Orphans of the engine come to this process.  Were the postmaster PID 1
	 * of a container they would come to it, and one that died by a signal
	 * would look like a crashed backend.
	 */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		elog(ERROR, "could not become a child subreaper: %m");
	before_shmem_exit(clean_up_at_exit, (Datum) 0);
}

/*
 * The first process of an engine that the server starts.
 *
 * It holds no secret and hardly any memory, and waits: for the end of the
 * worker, for the server to go away or to want the end, and for the time to
 * be up.  Then it ends whatever runs below it, removes what is left of a
 * backup that was not finished, and says what nobody else could say.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "command/job.h"
#include "database/connection.h"
#include "descendants.h"
#include "job_state.h"
#include "priority.h"
#include "process.h"
#include "protocol.h"
#include "supervisor.h"

/* How long the removal of an unfinished backup may take. */
#define DISCARD_LIMIT_MS 3000
/* The longest sleep; poll() takes no more than an int of milliseconds. */
#define WAIT_LIMIT_MS (60 * 60 * 1000)

static const int stop_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

typedef struct Supervisor
{
	json_t	   *job;
	int			socket;
	int			signals;		/* a signalfd */
	int64		deadline_ms;	/* by clock_ms; 0 for none */
	Worker		worker;
} Supervisor;

/* Why the supervisor stops waiting. */
typedef enum Reason
{
	REASON_NONE,
	REASON_WORKER_ENDED,
	REASON_STOP,
	REASON_TIMEOUT
} Reason;

/*
 * Takes the socket away from standard input and output, where a library might
 * read or write.
 */
static int
take_socket(void)
{
	struct stat status;
	int			socket = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int			null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (socket < 0 || fstat(socket, &status) != 0 || !S_ISSOCK(status.st_mode))
		fail(FAILURE_USAGE, "Try \"erpgo_backup --help\".",
			 "subcommand \"engine\" is for the server only");
	if (null < 0)
		fail_errno("could not open \"%s\"", "/dev/null");
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
	return socket;
}

/*
 * Ends the process as long as there is nothing to clean up.
 */
static void
exit_at_signal(int signal_number)
{
	_exit(EXIT_FAILURE);
}

/*
 * Reports a failure of the supervisor itself and exits, with 1 whatever the
 * kind; the worker, if there is one, dies with it.
 */
static void
report_and_exit(const Failure *failure)
{
	protocol_report_failure(failure);
	_exit(EXIT_FAILURE);
}

/*
 * Readies this process: signals cannot end it in any other way than with exit
 * code 1, it leads a process group, and orphans become its children.
 */
static void
become_supervisor(int socket)
{
	sigset_t	none;

	for (int i = 0; i < lengthof(stop_signals); i++)
		signal(stop_signals[i], exit_at_signal);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getpgrp() != getpid())
		(void) setpgid(0, 0);

	protocol_init(socket);
	failure_set_reporter(report_and_exit);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		fail_errno("could not become the reaper of orphans");
}

/*
 * From now on signals are read from a descriptor.
 */
static int
open_signals(void)
{
	sigset_t	awaited;
	int			fd;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	for (int i = 0; i < lengthof(stop_signals); i++)
		sigaddset(&awaited, stop_signals[i]);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	fd = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fail_errno("could not open a descriptor for signals");
	return fd;
}

/*
 * Starts the worker, which does the job and exits.
 */
static void
start_worker(Supervisor *supervisor)
{
	supervisor->worker = descendants_start();
	if (supervisor->worker.pid > 0)
		return;
	close(supervisor->signals);
	priority_lower(job_integer(supervisor->job, "nice", 0));
	failure_set_reporter(protocol_report_failure);
	protocol_send_result(job_run(supervisor->job));
	exit(EXIT_SUCCESS);
}

/*
 * Reads the signals that came; true if one of them asks for the end.
 */
static bool
stop_is_asked_for(int signals)
{
	struct signalfd_siginfo info;
	bool		asked = false;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		asked |= info.ssi_signo != SIGCHLD;
	return asked;
}

/*
 * How long to wait, for poll().
 */
static int
time_left(const Supervisor *supervisor)
{
	int64		left = WAIT_LIMIT_MS;

	if (supervisor->deadline_ms > 0)
		left = Min(left, supervisor->deadline_ms - clock_ms());
	return (int) Max(left, 0);
}

/*
 * Waits for something to happen; is it a reason to stop waiting?
 */
static Reason
wait_for_event(Supervisor *supervisor)
{
	struct pollfd polled[] = {
		/* What the server has to say is for the worker. */
		{.fd = supervisor->socket, .events = POLLRDHUP},
		{.fd = supervisor->signals, .events = POLLIN}
	};

	if (poll(polled, lengthof(polled), time_left(supervisor)) < 0 && errno != EINTR)
		fail_errno("could not wait for events");
	descendants_reap(&supervisor->worker);
	if (supervisor->worker.ended)
		return REASON_WORKER_ENDED;
	if (stop_is_asked_for(supervisor->signals) || polled[0].revents != 0)
		return REASON_STOP;
	if (supervisor->deadline_ms > 0 && clock_ms() >= supervisor->deadline_ms)
		return REASON_TIMEOUT;
	return REASON_NONE;
}

/*
 * Reports that the job took too long.
 */
static void
report_timeout(const Supervisor *supervisor)
{
	Failure		failure = {
		.kind = FAILURE_TIMEOUT,
		.message = psprintf("%s took longer than %d s",
							job_title(supervisor->job),
							(int) job_integer(supervisor->job, "maximum_duration_s", 0)),
		.hint = "The limit is the setting erpgo_backup.maximum_duration."
	};

	protocol_report_failure(&failure);
}

/*
 * Reports the end of a worker that could not do so itself; one that gave its
 * answer has been heard.
 */
static void
report_end(const Supervisor *supervisor)
{
	int			status = supervisor->worker.status;
	Failure		failure = {
		.kind = FAILURE_PROGRAM,
		.message = psprintf("%s process %s",
							job_required_text(supervisor->job, "job"),
							wait_status_text(status))
	};

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		failure.hint = "If nobody killed it, memory may have run out: see the kernel's log.";
	protocol_report_failure(&failure);
}

/*
 * Says in the log, and not as an answer, why something could not be removed.
 */
static void
report_as_warning(const Failure *failure)
{
	notice("warning", failure->hint, "could not remove what is left of the backup: %s",
		   failure->message);
}

/*
 * Removes what is left of a backup that was not finished, in a process of its
 * own, for the store may hang.  True if nothing is left.
 */
static bool
discard_backup(Supervisor *supervisor)
{
	Worker		worker = descendants_start();

	if (worker.pid == 0)
	{
		priority_lower(job_integer(supervisor->job, "nice", 0));
		failure_set_reporter(report_as_warning);
		json_decref(job_discard(supervisor->job));
		exit(EXIT_SUCCESS);
	}
	if (descendants_wait(&worker, DISCARD_LIMIT_MS))
		return worker.status == 0;
	notice("warning", NULL, "could not remove what is left of the backup within %d s",
		   DISCARD_LIMIT_MS / 1000);
	descendants_end(&worker);
	return false;
}

/*
 * Removes what is left of a job that was not done.  True if nothing is left.
 * A worker that was ended while it took the folder may have got it, or may
 * have been about to find that it is somebody else's: whoever gave the job
 * has to find out.
 */
static bool
clean_up(Supervisor *supervisor, Reason reason)
{
	switch (job_state_backup())
	{
		case BACKUP_BEGUN:
			return discard_backup(supervisor);
		case BACKUP_BEGINNING:
			return reason == REASON_WORKER_ENDED &&
				WIFEXITED(supervisor->worker.status);
		case BACKUP_NOT_BEGUN:
			break;
	}
	return true;
}

/*
 * Ends everything that runs and cleans up.  True if the job is done, or
 * nothing is left of it.
 */
static bool
finish(Supervisor *supervisor, Reason reason)
{
	descendants_end(&supervisor->worker);
	password_remove_abandoned();
	return job_state_answer() == ANSWER_RESULT || clean_up(supervisor, reason);
}

int
supervisor_run(void)
{
	Supervisor	supervisor = {0};
	Reason		reason;

	supervisor.socket = take_socket();
	become_supervisor(supervisor.socket);
	supervisor.job = protocol_read_job(supervisor.socket);
	job_state_init();
	supervisor.signals = open_signals();
	if (job_integer(supervisor.job, "maximum_duration_s", 0) > 0)
		supervisor.deadline_ms = clock_ms() +
			job_integer(supervisor.job, "maximum_duration_s", 0) * 1000;
	start_worker(&supervisor);

	do
		reason = wait_for_event(&supervisor);
	while (reason == REASON_NONE);

	if (reason == REASON_TIMEOUT)
		report_timeout(&supervisor);
	else if (reason == REASON_WORKER_ENDED)
		report_end(&supervisor);
	else
		job_state_claim_answer(ANSWER_UNWANTED);
	return finish(&supervisor, reason) ? EXIT_SUCCESS : EXIT_FAILURE;
}

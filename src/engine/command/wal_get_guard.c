/*
 * What the exit code of wal-get means to a server.
 *
 * Even a library that gives up by itself, as libpgcommon does with code 1 when
 * memory is exhausted, must not look like the end of the WAL.  So the command
 * runs in a child, and this process, which does nothing that may fail in such
 * a way, decides.
 */
#include "postgres_fe.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/wal_get.h"

#define EXIT_ABSENT 1
#define EXIT_FAILED 126

/* What the program's code ends with for failures that time may mend. */
#define CODE_WORTH_RETRYING 1

/* Pauses before the second and the third try. */
static const int retry_delays_ms[] = {200, 1000};

/*
 * Waits for a child; its exit code, or -1 if it had none.
 */
static int
wait_for_code(pid_t pid)
{
	int			status;

	while (waitpid(pid, &status, 0) < 0)
	{
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
wal_get_guard(void)
{
	pid_t		parent = getpid();

	for (int attempt = 0;; attempt++)
	{
		pid_t		pid = fork();
		int			code;

		if (pid == 0)
		{
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(EXIT_FAILED);
			return;
		}
		code = pid < 0 ? CODE_WORTH_RETRYING : wait_for_code(pid);
		if (code == 0)
			_exit(0);
		if (code == WAL_GET_ABSENT)
			_exit(EXIT_ABSENT);
		if (code != CODE_WORTH_RETRYING || attempt == lengthof(retry_delays_ms))
			_exit(EXIT_FAILED);
		usleep(retry_delays_ms[attempt] * 1000);
	}
}

/*
 * Giving way to the server.
 */
#include "priority.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How much is done between two looks at what others need. */
#define LOOK_BYTES (1024 * 1024)

/*
 * Who waits for a processor less than this part of the time that it runs
 * finds them free.
 */
#define FREE_PART 10

/* No pause is longer. */
#define PAUSE_LIMIT_NS (2 * INT64CONST(1000000000))

/* At this niceness a pause is as long as the wait before it. */
#define EVEN_NICENESS 3

/* What the priority of this process, or of its parent, was lowered by. */
static int	lowered_by;

/* How readily the kernel ends us when memory runs out: 1000 is the most. */
#define OOM_SCORE "900"

/*
 * Offers this process to the out-of-memory killer before any backend: the
 * end of one of those restarts the server.
 */
static void
raise_oom_score(void)
{
	int			fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void) !write(fd, OOM_SCORE, strlen(OOM_SCORE));
	close(fd);
}

/*
 * Tells the kernel that this process is no interactive one.  Otherwise
 * pg_dump stops the backend that sends to it at each of its messages, some
 * ten thousand times for a gigabyte.
 */
static void
become_batch(void)
{
	struct sched_param parameters = {0};

	(void) sched_setscheduler(0, SCHED_BATCH, &parameters);
}

void
priority_lower(int niceness)
{
	lowered_by = niceness;
	become_batch();
	(void) setpriority(PRIO_PROCESS, 0, niceness);
	(void) syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
				   IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NR - 1));
	raise_oom_score();
}

int64
priority_pause_ns(int niceness, int64 run_ns, int64 wait_ns)
{
	if (wait_ns <= run_ns / FREE_PART)
		return 0;
	return Min(wait_ns * niceness / EVEN_NICENESS, PAUSE_LIMIT_NS);
}

/*
 * Reads for how long this process has run and has waited for a processor,
 * since it began; false if the system does not tell.  See proc_pid_schedstat
 * in Documentation/scheduler/sched-stats.rst of Linux.
 */
static bool
read_times(int64 *run_ns, int64 *wait_ns)
{
	char		answer[64];
	ssize_t		len;
	long long	run,
				wait;
	int			fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	len = read(fd, answer, sizeof(answer) - 1);
	close(fd);
	if (len <= 0)
		return false;
	answer[len] = '\0';
	if (sscanf(answer, "%lld %lld", &run, &wait) != 2)
		return false;
	*run_ns = run;
	*wait_ns = wait;
	return true;
}

static void
sleep_ns(int64 nanoseconds)
{
	struct timespec pause = {
		.tv_sec = nanoseconds / 1000000000,
		.tv_nsec = nanoseconds % 1000000000
	};

	(void) nanosleep(&pause, NULL);
}

void
priority_give_way(size_t done)
{
	static size_t unseen;
	static pid_t of;
	static int64 last_run_ns,
				last_wait_ns;
	int64		run_ns,
				wait_ns;

	unseen += done;
	if (lowered_by <= 0 || unseen < LOOK_BYTES)
		return;
	unseen = 0;
	if (!read_times(&run_ns, &wait_ns))
		return;
	if (of == getpid())
		sleep_ns(priority_pause_ns(lowered_by, run_ns - last_run_ns, wait_ns - last_wait_ns));
	of = getpid();
	last_run_ns = run_ns;
	last_wait_ns = wait_ns;
}

/*
 * Giving way to the server.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "priority.h"

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
	become_batch();
	(void) setpriority(PRIO_PROCESS, 0, niceness);
	(void) syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
				   IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NR - 1));
	raise_oom_score();
}

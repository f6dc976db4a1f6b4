/*
 * A library to be preloaded, which shifts the clock that programs see.
 *
 * By how many seconds is the first number in a file that the environment
 * variable LEAPING_CLOCK_FILE names, for a test to change.  The second one is
 * how many more seconds have passed for delays.  Only a memory mapping of it is
 * read, so this works in signal handlers too: in one of them the postmaster of
 * PostgreSQL 15 starts its processes.  The times of files are left alone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef struct Shifts
{
	int64_t		clock;
	int64_t		passed;
} Shifts;

static const volatile Shifts *shifts;

/*
 * Begins to shift the clock.  A program that cannot must not run: its test
 * would be none.
 */
__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("LEAPING_CLOCK_FILE");
	int			fd = open(path == NULL ? "" : path, O_RDONLY | O_CLOEXEC);
	void	   *map = mmap(NULL, sizeof(*shifts), PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
	{
		perror("leaping_clock: LEAPING_CLOCK_FILE");
		_exit(1);
	}
	shifts = map;
	close(fd);
}

/* Libraries that are initialised before this one ask for the time, too. */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int			result = (int) syscall(SYS_clock_gettime, clock, now);

	if (result != 0 || shifts == NULL)
		return result;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		now->tv_sec += shifts->clock;
	else if (clock == CLOCK_MONOTONIC)
		now->tv_sec += shifts->passed;
	return result;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec moment;

	clock_gettime(CLOCK_REALTIME, &moment);
	now->tv_sec = moment.tv_sec;
	now->tv_usec = moment.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *copy)
{
	struct timespec moment;

	clock_gettime(CLOCK_REALTIME, &moment);
	if (copy != NULL)
		*copy = moment.tv_sec;
	return moment.tv_sec;
}

/*
 * A library to be preloaded, which shifts the clock that programs see.
 *
 * By how many seconds is a number in a file that the environment variable
 * LEAPING_CLOCK_FILE names, for a test to change.  Only a memory mapping of it
 * is read, so this works in signal handlers too: in one of them the postmaster
 * of PostgreSQL 15 starts its processes.  Time that passes is left alone, and
 * so are the times of files.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift;
static int	(*real_clock_gettime) (clockid_t clock, struct timespec *now);

/*
 * Begins to shift the clock.  A program that cannot must not run: its test
 * would be none.
 */
__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("LEAPING_CLOCK_FILE");
	int			fd = open(path == NULL ? "" : path, O_RDONLY | O_CLOEXEC);
	void	   *map = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);

	*(void **) &real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	if (map == MAP_FAILED || real_clock_gettime == NULL)
	{
		perror("leaping_clock: LEAPING_CLOCK_FILE");
		_exit(1);
	}
	shift = map;
	close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int			result = real_clock_gettime(clock, now);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += *shift;
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

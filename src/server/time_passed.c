/*
 * Time that passes, whatever becomes of the clock.
 */
#include "postgres.h"

#include <time.h>

#include "time_passed.h"

int64
passing_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64CONST(1000) + now.tv_nsec / 1000000;
}

bool
has_passed(int64 since, int64 milliseconds)
{
	return passing_ms() - since > milliseconds;
}

/*
 * Random numbers for tests.
 */
#include "random_numbers.h"

static uint64_t state = 1;

void
random_seed(uint64_t seed)
{
	state = seed * 2 + 1;
}

/* A linear congruential generator; its low bits are poor and left out. */
static uint32_t
random_bits(void)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) (state >> 32);
}

int64_t
random_between(int64_t low, int64_t high)
{
	uint64_t	wide = (uint64_t) random_bits() << 32 | random_bits();

	return low + (int64_t) (wide % (uint64_t) (high - low + 1));
}

bool
random_one_in(int times)
{
	return random_between(1, times) == 1;
}

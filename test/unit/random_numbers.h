/*
 * Random numbers for tests that are the same in every run.
 */
#ifndef ERPGO_TEST_UNIT_RANDOM_NUMBERS_H
#define ERPGO_TEST_UNIT_RANDOM_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/* Begins a series; each seed has its own. */
extern void random_seed(uint64_t seed);

/* A number from low to high. */
extern int64_t random_between(int64_t low, int64_t high);

/* True once in so many times. */
extern bool random_one_in(int times);

#endif

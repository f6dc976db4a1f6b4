/*
 * Time that has passed.
 */
#ifndef ERPGO_ENGINE_CLOCK_H
#define ERPGO_ENGINE_CLOCK_H

#include "postgres_fe.h"

/* Milliseconds of a clock that nobody sets; only differences mean something. */
extern int64 clock_ms(void);

#endif

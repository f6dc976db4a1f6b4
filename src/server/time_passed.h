/*
 * Time that passes, whatever becomes of the clock.
 */
#ifndef ERPGO_SERVER_TIME_PASSED_H
#define ERPGO_SERVER_TIME_PASSED_H

#include "postgres.h"

/*
 * The milliseconds since a moment that is the same for all processes.  Waits
 * and limits count in them: a clock that is put forward must not end a job,
 * nor one that is put back make anybody wait for hours.
 */
extern int64 passing_ms(void);

/* Have more than so many milliseconds passed since passing_ms() gave this? */
extern bool has_passed(int64 since, int64 milliseconds);

#endif

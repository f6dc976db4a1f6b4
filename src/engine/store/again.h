/*
 * Asking a server again that could not be reached, or did not do its work.
 */
#ifndef ERPGO_ENGINE_STORE_AGAIN_H
#define ERPGO_ENGINE_STORE_AGAIN_H

#include "postgres_fe.h"

/*
 * Decides, as retry_decide, after the attempt with a number, from 1 on: a
 * server that was reached before is waited for longer.
 */
extern bool again_decide(bool reached, int attempt, bool transient,
						 int64 *delay_ms);

/* Waits for so long. */
extern void again_wait(int64 delay_ms);

#endif

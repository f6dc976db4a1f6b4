/*
 * What the metrics listener serves: collected here, told to its engine.
 */
#ifndef ERPGO_SERVER_LISTENER_SNAPSHOT_H
#define ERPGO_SERVER_LISTENER_SNAPSHOT_H

#include "postgres.h"

/* The engine counts what is older than this as unknown. */
#define SNAPSHOT_MAXIMUM_AGE_S 180

/* There is another engine, which does not listen yet. */
extern void listener_snapshot_reset(void);

/* The engine listens: from now on it is told. */
extern void listener_snapshot_begin(void);

/*
 * Tells the engine how the server is doing, if that is wanted or a while ago;
 * never waits for it.  Returns after how many milliseconds to call this again,
 * and in *has_more whether the engine has not taken everything yet.
 */
extern int	listener_snapshot_push(bool *has_more);

#endif

/*
 * The engine as a child process of a job worker.
 *
 * A worker has one engine at a time.  The engine never outlives it: when the
 * worker exits for whatever reason, everything below it is stopped and
 * reaped.
 */
#ifndef ERPGO_SERVER_ENGINE_PROCESS_H
#define ERPGO_SERVER_ENGINE_PROCESS_H

#include "postgres.h"

/* The folder of the server's programs; allocated. */
extern char *server_bindir(void);

/* The path of a program in that folder; allocated. */
extern char *server_program(const char *name);

/*
 * Prepares the calling process to have an engine; to be called once, after
 * the connection to the database is made.
 */
extern void engine_process_init(void);

/*
 * Starts the engine and sends it the description of its job, one line.  The
 * result is the non-blocking socket that its messages come from.
 */
extern pgsocket engine_start(const char *description);

/*
 * Sends as much of the data as there is room for, without waiting; how many
 * bytes that was.  An engine that is gone takes everything.
 */
extern size_t engine_send(const char *data, size_t len);

/* Sends the engine a line, open to interrupts. */
extern void engine_send_line(const char *line);

/* Is nobody there any more who would read that?  Takes no time and no lock. */
extern bool engine_has_hung_up(void);

/* Asks the engine to stop: end of file and SIGTERM. */
extern void engine_ask_to_stop(void);

/* Kills the engine and every process that it started. */
extern void engine_kill(void);

/*
 * Reaps what has ended below this process; true when nobody is left.  Never
 * waits.
 */
extern bool engine_reap(void);

/* Was there an engine at all? */
extern bool engine_was_started(void);

/* Did the engine say, by its exit code, that it left nothing half-made? */
extern bool engine_left_nothing(void);

/* How the engine ended, as "was killed by signal 9: Killed"; allocated. */
extern char *engine_end_text(void);

/* Closes the socket of an engine that was reaped. */
extern void engine_close(void);

/*
 * Stops and reaps everything below this process: asks, waits at most
 * grace_ms, kills, and waits at most one second.
 */
extern void engine_terminate(int grace_ms);

/*
 * Waits, open to interrupts, until nobody is left below this process: a
 * process that hangs in the kernel may need long.
 */
extern void engine_await_end(void);

#endif

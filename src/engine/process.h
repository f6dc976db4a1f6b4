/*
 * Child processes of the engine: programs of PostgreSQL, and workers.
 *
 * No child outlives its parent (PDEATHSIG), none sees a descriptor that it
 * was not given, none has a shell or the engine's environment.
 */
#ifndef ERPGO_ENGINE_PROCESS_H
#define ERPGO_ENGINE_PROCESS_H

#include "postgres_fe.h"

/* How much of a program's standard error is kept: its end. */
#define PROGRAM_STDERR_SIZE 8192

typedef struct Program
{
	pid_t		pid;
	const char *name;			/* for messages: "pg_dump" */
	int			in;				/* write to its standard input, by fd_sink,
								 * for it does not block; -1 if closed */
	int			out;			/* read its standard output; -1 if closed */
	int			err;			/* read its standard error */
	char		err_text[PROGRAM_STDERR_SIZE];
	size_t		err_len;
} Program;

/* Which of a program's streams are pipes; the others are /dev/null. */
#define PROGRAM_IN	0x01
#define PROGRAM_OUT 0x02
/* With PROGRAM_OUT: it writes in large pieces, where stdbuf can bring that about. */
#define PROGRAM_WIDE 0x04
/* It gets the environment of the engine. */
#define PROGRAM_INHERIT 0x08

/*
 * Starts a program.  argv[0] is its absolute path, argv ends with NULL;
 * environment is a NULL-terminated list of NAME=value added to a clean one
 * (PATH, LC_ALL=C, TZ=UTC), or NULL.
 */
extern Program *program_start(const char *const *argv,
							  const char *const *environment, int streams);

/*
 * Fills the buffer from the program's standard output, while its standard
 * error is emptied too so that it never blocks.  Returns less than size only
 * at the end.
 */
extern size_t program_read(Program *program, void *buffer, size_t size);

/* Empties standard error without waiting. */
extern void program_drain_errors(Program *program);

/*
 * Waits until poll() reports something for a descriptor.  Meanwhile the
 * standard error of every running program is emptied, so that none of them
 * blocks on it.
 */
extern void descriptor_wait(int fd, short events);

/* Closes the pipe to its standard input. */
extern void program_close_input(Program *program);

/*
 * Closes the pipes to standard input and output, then waits for the end,
 * reading standard error meanwhile.  Returns the wait status, with what the
 * program said in err_text.  program_kill frees it.
 */
extern int	program_wait(Program *program);

/*
 * Waits, and fails (FAILURE_PROGRAM, or a better kind where its messages tell)
 * unless it exited with 0: the message says which program, on what, and the
 * first line of its errors; the rest is the detail.  Frees the program.
 */
extern void program_finish(Program *program, const char *on_what);

/* Kills it if it still runs, reaps it, and frees it. */
extern void program_kill(Program *program);

/*
 * Forks a worker of the engine: it dies with its parent, all signals have
 * their default effect again (but SIGPIPE, which is ignored), and no exit
 * handler that was registered before the fork ever runs in it, however it
 * exits.  Returns twice as fork does, but never -1.
 */
extern pid_t worker_fork(void);

/*
 * Closes all descriptors of a worker but one and standard error: a pipe that
 * it holds by inheritance would keep others waiting for its end.
 */
extern void worker_keep_only(int fd);

/* Describes a wait status: "exited with code 1", "was killed by signal 9: Killed". */
extern char *wait_status_text(int status);

/*
 * The absolute path of a PostgreSQL program: in bindir if that is not NULL,
 * else beside this program, else in PATH.  FAILURE_UNDEFINED if there is none.
 */
extern char *program_path(const char *bindir, const char *name);

#endif

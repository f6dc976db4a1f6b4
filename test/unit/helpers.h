/*
 * What unit tests share: the headers of cmocka, expecting failures, data to
 * test with, and running programs.
 */
#ifndef ERPGO_TEST_UNIT_HELPERS_H
#define ERPGO_TEST_UNIT_HELPERS_H

#include "postgres_fe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* The engine has a function of that name; fail_msg made use of the macro. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "failure.h"
#include "stream/sink.h"

/* What a function that was run in a process of its own came to. */
typedef struct Outcome
{
	bool		failed;			/* false if it returned */
	FailureKind kind;
	char		message[1024];
	char		detail[1024];	/* "" if there was none */
	char		hint[1024];		/* "" if there was none */
	int			status;			/* of the process, as waitpid gives it */
} Outcome;

/* Runs a function in a process of its own, and tells whether it failed. */
extern Outcome run_apart(void (*function) (void *argument), void *argument);

/*
 * Passes if the function fails (failure.h) with that kind and a message that
 * contains message_part, and its process exits with the code of the kind.
 */
extern void expect_failure(FailureKind kind, const char *message_part,
						   void (*function) (void *argument), void *argument);

/* A number from 0 to limit - 1; the same ones in each run of a program. */
extern uint32 random_below(uint32 limit);

/* Bytes that cannot be compressed; allocated. */
extern char *random_data(size_t len);

/* Bytes that can be compressed, as rows of a table can; allocated. */
extern char *compressible_data(size_t len);

/* Writes bytes into a chain in pieces of random size up to a limit. */
extern void write_in_pieces(Sink *chain, const void *data, size_t len,
							size_t piece_limit);

/* Some bytes in memory. */
typedef struct Bytes
{
	char	   *data;			/* with a terminating zero */
	size_t		len;
} Bytes;

/*
 * Runs a program (argv as program_start takes it) on some input and returns
 * what it writes.  The test fails if the program does.
 */
extern Bytes run_filter(const char *const *argv, const void *input, size_t len);

#endif

/*
 * What unit tests share.
 */
#include "helpers.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "stream/filters.h"

/* More than any test's data. */
#define FILTER_OUTPUT_LIMIT (1024 * 1024 * 1024)

/* Where the process that run_apart started leaves its outcome. */
static Outcome *shared_outcome;

/*
 * Leaves a failure where the parent finds it.
 */
static void
report_outcome(const Failure *failure)
{
	shared_outcome->failed = true;
	shared_outcome->kind = failure->kind;
	strlcpy(shared_outcome->message, failure->message, sizeof(shared_outcome->message));
	if (failure->detail != NULL)
		strlcpy(shared_outcome->detail, failure->detail, sizeof(shared_outcome->detail));
	if (failure->hint != NULL)
		strlcpy(shared_outcome->hint, failure->hint, sizeof(shared_outcome->hint));
}

Outcome
run_apart(void (*function) (void *argument), void *argument)
{
	Outcome		outcome;
	int			status;
	pid_t		pid;

	shared_outcome = mmap(NULL, sizeof(Outcome), PROT_READ | PROT_WRITE,
						  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared_outcome, MAP_FAILED);
	pid = worker_fork();
	if (pid == 0)
	{
		failure_set_reporter(report_outcome);
		function(argument);
		exit(EXIT_SUCCESS);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	outcome = *shared_outcome;
	outcome.status = status;
	munmap(shared_outcome, sizeof(Outcome));
	return outcome;
}

void
expect_failure(FailureKind kind, const char *message_part,
			   void (*function) (void *argument), void *argument)
{
	Outcome		outcome = run_apart(function, argument);

	if (!outcome.failed)
		fail_msg("no failure, but expected one with \"%s\"", message_part);
	if (strstr(outcome.message, message_part) == NULL)
		fail_msg("the message \"%s\" does not contain \"%s\"", outcome.message, message_part);
	assert_int_equal(outcome.kind, kind);
	assert_true(WIFEXITED(outcome.status));
	assert_int_equal(WEXITSTATUS(outcome.status), failure_exit_code(kind));
}

/*
 * The next number of a sequence (xorshift) that is the same in each run.
 */
static uint64
next_random(void)
{
	static uint64 state = UINT64CONST(0x9E3779B97F4A7C15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

uint32
random_below(uint32 limit)
{
	return (next_random() >> 32) % limit;
}

char *
random_data(size_t len)
{
	char	   *data = pg_malloc(len + sizeof(uint64));

	for (size_t i = 0; i < len; i += sizeof(uint64))
	{
		uint64		value = next_random();

		memcpy(data + i, &value, sizeof(value));
	}
	return data;
}

char *
compressible_data(size_t len)
{
	char		row[64];
	char	   *data = pg_malloc(len + sizeof(row));
	size_t		used = 0;

	for (int number = 1; used < len; number++)
	{
		int			row_len = snprintf(row, sizeof(row), "%d\t%u\tcustomer %u\t\\N\n",
									   number, random_below(1000000), random_below(500));

		memcpy(data + used, row, row_len);
		used += row_len;
	}
	return data;
}

void
write_in_pieces(Sink *chain, const void *data, size_t len, size_t piece_limit)
{
	const char *from = data;

	while (len > 0)
	{
		size_t		piece = 1 + random_below(piece_limit);

		piece = Min(len, piece);
		sink_write(chain, from, piece);
		from += piece;
		len -= piece;
	}
}

/*
 * Writes to a program's standard input in a process of its own, so that
 * neither side waits for the other for ever.
 */
static pid_t
feed_program(Program *program, const void *input, size_t len)
{
	pid_t		feeder = worker_fork();

	if (feeder == 0)
	{
		Sink	   *sink = fd_sink(program->in, program->name, NULL);

		sink_write(sink, input, len);
		exit(EXIT_SUCCESS);
	}
	program_close_input(program);
	return feeder;
}

Bytes
run_filter(const char *const *argv, const void *input, size_t len)
{
	Program    *program = program_start(argv, NULL, PROGRAM_IN | PROGRAM_OUT);
	pid_t		feeder = feed_program(program, input, len);
	Bytes		output;
	Sink	   *sink = memory_sink(&output.data, &output.len, FILTER_OUTPUT_LIMIT, argv[0]);
	char		buffer[65536];
	size_t		got;

	while ((got = program_read(program, buffer, sizeof(buffer))) > 0)
		sink_write(sink, buffer, got);
	sink_finish(sink);
	sink_release(sink);
	waitpid(feeder, NULL, 0);
	program_finish(program, "data of a test");
	return output;
}

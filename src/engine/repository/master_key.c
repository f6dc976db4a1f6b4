/*
 * Where the master key comes from.
 *
 * A command is run by the shell with the environment of this process, for it
 * may need to know where a vault is.  The secrets file is not in there.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "process.h"
#include "repository/master_key.h"
#include "repository/secrets.h"
#include "repository/small_file.h"

#define SHELL "/bin/sh"

/* A key, the line feed after it, and one byte that tells that it is too long. */
#define OUTPUT_SIZE (MASTER_KEY_LIMIT + 3)

static const char *key_command = NULL;

/* What the command printed, for the life of the process. */
static char *printed_key = NULL;

void
master_key_set_command(const char *command)
{
	key_command = command;
}

/*
 * The command in effect; NULL if there is none.
 */
static const char *
command_in_effect(void)
{
	if (key_command != NULL && key_command[0] != '\0')
		return key_command;
	return secret_get(SECRET_ENCRYPTION_KEY_COMMAND);
}

bool
master_key_has_command(void)
{
	return command_in_effect() != NULL;
}

const char *
master_key(void)
{
	const char *command = command_in_effect();

	if (command == NULL)
		return secret_get(SECRET_ENCRYPTION_KEY);
	if (printed_key == NULL)
		printed_key = key_command_run(command, KEY_COMMAND_TIMEOUT_MS);
	return printed_key;
}

/*
 * Waits until the command has printed something or has ended, and takes what
 * it says on standard error meanwhile; false at the deadline.
 */
static bool
wait_for_output(Program *program, int64 deadline_ms)
{
	struct pollfd polled[2] = {
		{.fd = program->out, .events = POLLIN},
		{.fd = program->err, .events = POLLIN}
	};
	int64		left = deadline_ms - clock_ms();

	if (left <= 0)
		return false;
	if (poll(polled, lengthof(polled), (int) left) < 0 && errno != EINTR)
		fail_errno("could not wait for a command");
	program_drain_errors(program);
	return true;
}

/*
 * Reads what the command prints until it closes its output or the buffer is
 * full.  Returns the number of bytes, -1 at the deadline.
 */
static ssize_t
read_output(Program *program, char *buffer, size_t size, int64 deadline_ms)
{
	size_t		filled = 0;

	while (filled < size)
	{
		ssize_t		len = read(program->out, buffer + filled, size - filled);

		if (len == 0)
			break;
		if (len > 0)
			filled += len;
		else if (errno != EAGAIN && errno != EINTR)
			fail_errno("could not read from a command");
		else if (!wait_for_output(program, deadline_ms))
			return -1;
	}
	return (ssize_t) filled;
}

/*
 * Ends the output at its line feed; false if that cannot be a key: nothing, too
 * much, or more than a line.
 */
static bool
cut_to_key(char *output, size_t len)
{
	if (len > 0 && output[len - 1] == '\n')
		len--;
	if (len > 0 && output[len - 1] == '\r')
		len--;
	output[len] = '\0';
	return len > 0 && len <= MASTER_KEY_LIMIT && strlen(output) == len &&
		strpbrk(output, "\r\n") == NULL;
}

/*
 * Fails because the command did: with its exit code and the first line of what
 * it said on standard error.
 */
static void
fail_command(const Program *program, int status)
{
	size_t		len = strcspn(program->err_text, "\r\n");

	fail(FAILURE_PROGRAM, "The shell runs it as the user of this program. It is to print the key, and nothing else, on standard output.",
		 "could not get the encryption key: the command %s%s%.*s",
		 wait_status_text(status), len > 0 ? ": " : "", (int) len, program->err_text);
}

char *
key_command_run(const char *command, int timeout_ms)
{
	const char *argv[] = {SHELL, "-c", command, NULL};
	char	   *output = pg_malloc0(OUTPUT_SIZE + 1);
	Program    *program = program_start(argv, NULL, PROGRAM_OUT | PROGRAM_INHERIT);
	ssize_t		len = read_output(program, output, OUTPUT_SIZE, clock_ms() + timeout_ms);
	int			status;

	if (len < 0)
	{
		OPENSSL_cleanse(output, OUTPUT_SIZE);
		program_kill(program);
		fail(FAILURE_TIMEOUT, NULL, "could not get the encryption key: the command took longer than %d ms",
			 timeout_ms);
	}
	status = program_wait(program);
	/* What prints too much may be ended by that nobody reads it. */
	if (len < OUTPUT_SIZE && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
	{
		OPENSSL_cleanse(output, OUTPUT_SIZE);
		fail_command(program, status);
	}
	program_kill(program);
	if (!cut_to_key(output, len))
	{
		OPENSSL_cleanse(output, OUTPUT_SIZE);
		fail(FAILURE_KEY, NULL, "could not get the encryption key: the command did not print one line of 1 to %d bytes",
			 MASTER_KEY_LIMIT);
	}
	return output;
}

char *
key_file_read(const char *path)
{
	size_t		len;
	char	   *content = secret_file_read("key file", path, &len);
	char	   *key;

	if (!cut_to_key(content, len))
	{
		small_file_forget(content);
		fail(FAILURE_KEY, NULL, "key file \"%s\" does not hold one line of 1 to %d bytes",
			 path, MASTER_KEY_LIMIT);
	}
	key = pg_strdup(content);
	small_file_forget(content);
	return key;
}

void
key_forget(char *key)
{
	if (key != NULL)
		OPENSSL_cleanse(key, strlen(key));
	pg_free(key);
}

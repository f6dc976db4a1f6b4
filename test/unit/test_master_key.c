/*
 * Where the master key comes from.
 */
#include "helpers.h"
#include "scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#include "repository/master_key.h"
#include "repository/secrets.h"

#define KEY "7hunder-Cl0ud"

static void
run_command(void *command)
{
	key_command_run(command, KEY_COMMAND_TIMEOUT_MS);
}

static void
run_slow_command(void *command)
{
	key_command_run(command, 100);
}

static void
read_key_file(void *path)
{
	key_file_read(path);
}

static void
a_command_prints_the_key(void **state)
{
	assert_string_equal(key_command_run("echo " KEY, KEY_COMMAND_TIMEOUT_MS), KEY);
	assert_string_equal(key_command_run("printf '" KEY "\\r\\n'", KEY_COMMAND_TIMEOUT_MS), KEY);
	assert_string_equal(key_command_run("printf 'two words'", KEY_COMMAND_TIMEOUT_MS), "two words");
}

static void
a_command_has_the_environment_of_the_engine(void **state)
{
	setenv("VAULT_ADDRESS", KEY, 1);
	assert_string_equal(key_command_run("echo \"$VAULT_ADDRESS\"", KEY_COMMAND_TIMEOUT_MS), KEY);
	unsetenv("VAULT_ADDRESS");
}

static void
a_command_that_fails_is_told_with_code_and_first_line_of_its_errors(void **state)
{
	expect_failure(FAILURE_PROGRAM, "the command exited with code 3: sealed", run_command,
				   "echo " KEY "; echo sealed >&2; echo more >&2; exit 3");
	expect_failure(FAILURE_PROGRAM, "the command was killed by signal 15", run_command,
				   "kill -TERM $$");
	expect_failure(FAILURE_PROGRAM, "exited with code 127: ", run_command, "no-such-command");
}

static void
what_a_command_printed_is_never_told(void **state)
{
	const char *const commands[] = {
		"echo " KEY "; exit 1", "echo " KEY "; echo " KEY,
		"printf '" KEY "\\0'", "yes " KEY " | head -c 100000"
	};

	for (int i = 0; i < lengthof(commands); i++)
	{
		Outcome		outcome = run_apart(run_command, unconstify(char *, commands[i]));

		assert_true(outcome.failed);
		assert_int_equal(outcome.kind, i == 0 ? FAILURE_PROGRAM : FAILURE_KEY);
		assert_null(strstr(outcome.message, KEY));
		assert_null(strstr(outcome.detail, KEY));
		assert_null(strstr(outcome.hint, KEY));
	}
}

static void
what_is_not_one_line_is_no_key(void **state)
{
	expect_failure(FAILURE_KEY, "did not print one line", run_command, "true");
	expect_failure(FAILURE_KEY, "did not print one line", run_command, "echo");
	expect_failure(FAILURE_KEY, "did not print one line", run_command, "echo a; echo b");
	expect_failure(FAILURE_KEY, "did not print one line", run_command,
				   "head -c 1001 /dev/zero | tr '\\0' x");
	assert_int_equal(strlen(key_command_run("head -c 1000 /dev/zero | tr '\\0' x",
											KEY_COMMAND_TIMEOUT_MS)), 1000);
}

static void
a_command_that_takes_too_long_is_ended(void **state)
{
	expect_failure(FAILURE_TIMEOUT, "took longer than 100 ms", run_slow_command, "exec sleep 60");
	expect_failure(FAILURE_TIMEOUT, "took longer than 100 ms", run_slow_command,
				   "while :; do echo x >&2; sleep 0.01; done");
}

static void
the_command_comes_before_the_secret_and_runs_once(void **state)
{
	char	   *counter = psprintf("%s/counter", scratch_directory());
	char	   *command = psprintf("echo >> %s; echo " KEY, counter);
	size_t		len;

	setenv(SECRET_ENCRYPTION_KEY, "another", 1);
	assert_false(master_key_has_command());
	assert_string_equal(master_key(), "another");
	setenv(SECRET_ENCRYPTION_KEY_COMMAND, "echo from the environment", 1);
	master_key_set_command(command);
	assert_true(master_key_has_command());
	assert_string_equal(master_key(), KEY);
	assert_string_equal(master_key(), KEY);
	scratch_read(counter, &len);
	assert_int_equal(len, 1);
	unsetenv(SECRET_ENCRYPTION_KEY_COMMAND);
	unsetenv(SECRET_ENCRYPTION_KEY);
}

static void
a_key_file_holds_one_line_that_nobody_else_can_read(void **state)
{
	char	   *path = psprintf("%s/key", scratch_directory());

	scratch_write(path, KEY "\n", strlen(KEY "\n"));
	assert_string_equal(key_file_read(path), KEY);
	scratch_write(path, KEY "\n" KEY "\n", 2 * strlen(KEY "\n"));
	expect_failure(FAILURE_KEY, "does not hold one line", read_key_file, path);
	scratch_write(path, "", 0);
	expect_failure(FAILURE_KEY, "does not hold one line", read_key_file, path);
	scratch_write(path, KEY, strlen(KEY));
	assert_int_equal(chmod(path, 0644), 0);
	expect_failure(FAILURE_PERMISSION, "is open to others", read_key_file, path);
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(a_command_prints_the_key),
		cmocka_unit_test(a_command_has_the_environment_of_the_engine),
		cmocka_unit_test(a_command_that_fails_is_told_with_code_and_first_line_of_its_errors),
		cmocka_unit_test(what_a_command_printed_is_never_told),
		cmocka_unit_test(what_is_not_one_line_is_no_key),
		cmocka_unit_test(a_command_that_takes_too_long_is_ended),
		cmocka_unit_test(the_command_comes_before_the_secret_and_runs_once),
		cmocka_unit_test(a_key_file_holds_one_line_that_nobody_else_can_read)
	};

	return cmocka_run_group_tests_name("master key", cases, NULL, NULL);
}

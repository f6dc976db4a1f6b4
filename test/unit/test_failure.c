/*
 * How the engine gives up.
 */
#include "helpers.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

static void
fail_with_arguments(void *argument)
{
	fail(FAILURE_DUPLICATE, "Choose another name.", "\"%s\" exists %d times", "a", 2);
}

static void
a_failure_has_kind_message_and_hint(void **state)
{
	Outcome		outcome = run_apart(fail_with_arguments, NULL);

	assert_true(outcome.failed);
	assert_int_equal(outcome.kind, FAILURE_DUPLICATE);
	assert_string_equal(outcome.message, "\"a\" exists 2 times");
	assert_string_equal(outcome.hint, "Choose another name.");
	assert_string_equal(outcome.detail, "");
}

static void
fail_with_long_text(void *argument)
{
	fail(FAILURE_STATE, NULL, "%s", (char *) argument);
}

static void
a_long_message_is_kept_whole(void **state)
{
	char		long_text[1000];

	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	expect_failure(FAILURE_STATE, long_text, fail_with_long_text, long_text);
}

static void
fail_of_kind(void *argument)
{
	fail(*(FailureKind *) argument, NULL, "of some kind");
}

static void
usage_exits_with_2_damage_with_3_and_everything_else_with_1(void **state)
{
	for (FailureKind kind = FAILURE_INTERNAL; kind <= FAILURE_STATE; kind++)
	{
		Outcome		outcome = run_apart(fail_of_kind, &kind);
		int			expected = kind == FAILURE_USAGE ? 2 : kind == FAILURE_DAMAGED ? 3 : 1;

		assert_int_equal(outcome.kind, kind);
		assert_int_equal(WEXITSTATUS(outcome.status), expected);
	}
}

static void
every_kind_has_a_sqlstate(void **state)
{
	for (FailureKind kind = FAILURE_INTERNAL; kind <= FAILURE_STATE; kind++)
		assert_int_equal(strspn(failure_sqlstate(kind), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 5);
}

static void
what_may_pass_by_itself_is_transient(void **state)
{
	assert_true(failure_is_transient(FAILURE_CONNECTION));
	assert_true(failure_is_transient(FAILURE_TIMEOUT));
	assert_false(failure_is_transient(FAILURE_DAMAGED));
	assert_false(failure_is_transient(FAILURE_KEY));
	assert_false(failure_is_transient(FAILURE_USAGE));
}

static void
fail_by_errno(void *argument)
{
	errno = *(int *) argument;
	fail_errno("could not write \"%s\"", "x");
}

static void
a_failed_system_call_says_why_and_of_which_kind(void **state)
{
	static const struct
	{
		int			error_number;
		FailureKind kind;
		const char *reason;
		bool		has_hint;
	}			cases[] = {
		{ENOSPC, FAILURE_DISK_FULL, "No space left on device", true},
		{EDQUOT, FAILURE_DISK_FULL, "Disk quota exceeded", true},
		{EACCES, FAILURE_PERMISSION, "Permission denied", true},
		{EPERM, FAILURE_PERMISSION, "Operation not permitted", true},
		{EROFS, FAILURE_PERMISSION, "Read-only file system", true},
		{ENOENT, FAILURE_UNDEFINED, "No such file or directory", false},
		{EIO, FAILURE_IO, "Input/output error", false},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		int			error_number = cases[i].error_number;
		Outcome		outcome = run_apart(fail_by_errno, &error_number);

		assert_int_equal(outcome.kind, cases[i].kind);
		assert_string_equal(outcome.message,
							psprintf("could not write \"x\": %s", cases[i].reason));
		assert_int_equal(outcome.hint[0] != '\0', cases[i].has_hint);
	}
}

/*
 * Runs a function in a worker whose standard error is read; returns what it
 * wrote, with the wait status of the worker.
 */
static char *
standard_error_of(void (*function) (void), int *status)
{
	static char said[4096];
	int			ends[2];
	size_t		used = 0;
	ssize_t		got;
	pid_t		pid;

	assert_int_equal(pipe(ends), 0);
	pid = worker_fork();
	if (pid == 0)
	{
		dup2(ends[1], STDERR_FILENO);
		function();
		exit(EXIT_SUCCESS);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += got;
	said[used] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, status, 0), pid);
	return said;
}

static void
fail_with_everything(void)
{
	const Failure failure = {FAILURE_USAGE, "no such option", "It is unknown.", "Try --help."};

	fail_with(&failure);
}

static void
by_default_a_failure_goes_to_standard_error(void **state)
{
	int			status;

	assert_string_equal(standard_error_of(fail_with_everything, &status),
						"erpgo_backup: error: no such option\n"
						"erpgo_backup: detail: It is unknown.\n"
						"erpgo_backup: hint: Try --help.\n");
	assert_int_equal(WEXITSTATUS(status), 2);
}

static void
give_notices(void)
{
	notice("debug", NULL, "not for people");
	notice("log", NULL, "started %d", 1);
	notice("warning", "Do something.", "it is late");
}

static void
by_default_notices_but_debug_go_to_standard_error(void **state)
{
	int			status;

	assert_string_equal(standard_error_of(give_notices, &status),
						"erpgo_backup: started 1\n"
						"erpgo_backup: warning: it is late\n"
						"erpgo_backup: hint: Do something.\n");
	assert_int_equal(status, 0);
}

static void
failing_reporter(const Failure *failure)
{
	fail(FAILURE_IO, NULL, "could not report");
}

static void
fail_with_failing_reporter(void)
{
	failure_set_reporter(failing_reporter);
	fail(FAILURE_DAMAGED, NULL, "the backup is damaged");
}

static void
a_reporter_that_fails_does_not_hide_the_failure(void **state)
{
	int			status;

	assert_string_equal(standard_error_of(fail_with_failing_reporter, &status),
						"erpgo_backup: error: the backup is damaged\n"
						"erpgo_backup: error: could not report\n");
	assert_int_equal(WEXITSTATUS(status), 3);
}

static void
failing_exit_handler(void)
{
	fail(FAILURE_IO, NULL, "could not clean up");
}

static void
fail_with_failing_exit_handler(void)
{
	atexit(failing_exit_handler);
	fail(FAILURE_USAGE, NULL, "no such option");
}

static void
an_exit_handler_that_fails_ends_the_process(void **state)
{
	int			status;

	assert_string_equal(standard_error_of(fail_with_failing_exit_handler, &status),
						"erpgo_backup: error: no such option\n"
						"erpgo_backup: error: could not clean up\n");
	assert_true(WIFEXITED(status));
}

static void
say_cleaned_up(void)
{
	fprintf(stderr, "cleaned up\n");
}

static void
fail_with_exit_handler(void)
{
	atexit(say_cleaned_up);
	fail(FAILURE_STATE, NULL, "stop");
}

static void
exit_handlers_run_after_the_report(void **state)
{
	int			status;

	assert_string_equal(standard_error_of(fail_with_exit_handler, &status),
						"erpgo_backup: error: stop\n"
						"cleaned up\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_has_kind_message_and_hint),
		cmocka_unit_test(a_long_message_is_kept_whole),
		cmocka_unit_test(usage_exits_with_2_damage_with_3_and_everything_else_with_1),
		cmocka_unit_test(every_kind_has_a_sqlstate),
		cmocka_unit_test(what_may_pass_by_itself_is_transient),
		cmocka_unit_test(a_failed_system_call_says_why_and_of_which_kind),
		cmocka_unit_test(by_default_a_failure_goes_to_standard_error),
		cmocka_unit_test(by_default_notices_but_debug_go_to_standard_error),
		cmocka_unit_test(a_reporter_that_fails_does_not_hide_the_failure),
		cmocka_unit_test(an_exit_handler_that_fails_ends_the_process),
		cmocka_unit_test(exit_handlers_run_after_the_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

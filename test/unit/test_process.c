/*
 * Programs and workers that the engine starts.
 */
#include "helpers.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "stream/filters.h"

/*
 * Starts a script of the shell.
 */
static Program *
start_script(const char *script, int streams)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	return program_start(argv, NULL, streams);
}

/*
 * What a script writes to standard output; its exit code must be 0.
 */
static char *
output_of(const char *script)
{
	Program    *program = start_script(script, PROGRAM_OUT);
	char	   *output = pg_malloc0(65536);
	size_t		used = 0;
	size_t		got;

	while ((got = program_read(program, output + used, 65535 - used)) > 0)
		used += got;
	program_finish(program, "a test");
	return output;
}

static void
a_program_gets_its_input_and_gives_its_output(void **state)
{
	const char *const argv[] = {"/usr/bin/tr", "a-z", "A-Z", NULL};
	size_t		len = 5 * 1024 * 1024;
	char	   *data = compressible_data(len);
	Bytes		output = run_filter(argv, data, len);

	assert_int_equal(output.len, len);
	assert_int_equal(strncmp(output.data, "1\t", 2), 0);
	assert_non_null(strstr(output.data, "CUSTOMER"));
}

static void
a_program_has_a_clean_environment(void **state)
{
	setenv("BACKUP_ENCRYPTION_KEY", "secret", 1);
	assert_string_equal(output_of("/usr/bin/env | /usr/bin/grep -v -E '^(PWD|SHLVL|_|OLDPWD)=' | /usr/bin/sort"),
						"LC_ALL=C\n"
						"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
						"TZ=UTC\n");
	unsetenv("BACKUP_ENCRYPTION_KEY");
}

static void
a_program_gets_the_environment_that_it_was_given(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "echo \"$ONE $TWO\"", NULL};
	const char *const environment[] = {"ONE=1", "TWO=2 3", NULL};
	Program    *program = program_start(argv, environment, PROGRAM_OUT);
	char		output[100];

	assert_int_equal(program_read(program, output, sizeof(output)), strlen("1 2 3\n"));
	assert_memory_equal(output, "1 2 3\n", strlen("1 2 3\n"));
	program_finish(program, "a test");
}

/*
 * Starts a program that writes many short lines, and returns how much of that
 * its first write brought.
 */
static size_t
first_piece_of_output(int streams)
{
	const char *const argv[] = {"/usr/bin/seq", "1000000", NULL};
	Program    *program = program_start(argv, NULL, streams);
	char	   *output = pg_malloc(1024 * 1024);
	ssize_t		len;

	descriptor_wait(program->out, POLLIN);
	len = read(program->out, output, 1024 * 1024);
	assert_true(len > 0);
	assert_memory_equal(output, "1\n2\n3\n", 6);
	program_kill(program);
	pg_free(output);
	return len;
}

static void
a_program_can_be_made_to_write_in_large_pieces(void **state)
{
	assert_true(first_piece_of_output(PROGRAM_OUT | PROGRAM_WIDE) >= 128 * 1024);
}

static void
a_program_that_writes_in_large_pieces_goes_by_its_own_name(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "echo \"$0\"; exit 3", NULL};
	Program    *program = program_start(argv, NULL, PROGRAM_OUT | PROGRAM_WIDE);
	char		output[100];

	assert_string_equal(program->name, "sh");
	assert_int_equal(program_read(program, output, sizeof(output)), strlen("/bin/sh\n"));
	assert_int_equal(program_wait(program), 3 << 8);
	program_kill(program);
}

static void
a_program_sees_no_descriptor_that_it_was_not_given(void **state)
{
	int			extra = open("/dev/null", O_RDONLY);

	assert_true(extra >= 0);
	/* The fourth is the one by which ls reads the directory. */
	assert_string_equal(output_of("exec /bin/ls /proc/self/fd"), "0\n1\n2\n3\n");
	assert_string_equal(output_of("/usr/bin/readlink /proc/self/fd/0"), "/dev/null\n");
	close(extra);
}

static void
ignore_signal(int number)
{
}

/*
 * A set of signals in the text of /proc/self/status, but for 32 and 33: those
 * are the C library's, and nobody else can change what is inherited of them.
 */
static uint64
signal_set(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	assert_non_null(line);
	return strtoull(line + strlen(name), NULL, 16) & ~UINT64CONST(0x180000000);
}

static void
a_program_has_default_signals(void **state)
{
	char	   *signals;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, ignore_signal);
	signals = output_of("exec /bin/sed -n -E '/^Sig(Blk|Ign|Cgt)/p' /proc/self/status");
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	assert_int_equal(signal_set(signals, "SigBlk:\t"), 0);
	assert_int_equal(signal_set(signals, "SigIgn:\t"), 0);
	assert_int_equal(signal_set(signals, "SigCgt:\t"), 0);
}

static void
the_signal_mask_of_the_parent_stays(void **state)
{
	sigset_t	before;
	sigset_t	after;

	sigprocmask(SIG_SETMASK, NULL, &before);
	output_of("true");
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int number = 1; number < NSIG; number++)
		assert_int_equal(sigismember(&before, number), sigismember(&after, number));
}

static void
a_program_that_says_much_on_standard_error_does_not_block(void **state)
{
	Program    *program = start_script("/usr/bin/yes complaint | /usr/bin/head -c 5000000 >&2;"
									   "echo answer; echo the end >&2", PROGRAM_OUT);
	char		output[100];

	assert_int_equal(program_read(program, output, sizeof(output)), strlen("answer\n"));
	assert_int_equal(program_read(program, output, sizeof(output)), 0);
	assert_int_equal(program_wait(program), 0);
	assert_int_equal(program->err_len, PROGRAM_STDERR_SIZE - 1);
	assert_string_equal(program->err_text + program->err_len - strlen("the end\n"), "the end\n");
	program_kill(program);
}

static void
a_program_that_complains_while_it_is_fed_does_not_block(void **state)
{
	Program    *program = start_script("/usr/bin/yes complaint | /usr/bin/head -c 5000000 >&2;"
									   "exec /usr/bin/wc -c >&2", PROGRAM_IN);
	size_t		len = 5 * 1024 * 1024;
	char	   *data = random_data(len);
	Sink	   *sink = fd_sink(program->in, "wc", NULL);

	sink_write(sink, data, len);
	sink_finish(sink);
	sink_release(sink);
	assert_int_equal(program_wait(program), 0);
	assert_string_equal(program->err_text + program->err_len - strlen("5242880\n"), "5242880\n");
	program_kill(program);
}

static void
a_program_that_stops_reading_is_noticed(void **state)
{
	Program    *program = start_script("exec /usr/bin/head -c 10 >/dev/null", PROGRAM_IN);
	size_t		len = 5 * 1024 * 1024;
	char	   *data = random_data(len);
	bool		gone;
	Sink	   *sink = fd_sink(program->in, "head", &gone);

	sink_write(sink, data, len);
	assert_true(gone);
	sink_write(sink, data, len);
	sink_release(sink);
	program_finish(program, "a test");
}

static void
waiting_does_not_depend_on_descendants_that_hold_standard_error(void **state)
{
	Program    *program = start_script("/bin/sleep 1000 & echo $! >&2", 0);
	pid_t		descendant;

	assert_int_equal(program_wait(program), 0);
	descendant = atoi(program->err_text);
	assert_true(descendant > 1);
	assert_int_equal(kill(descendant, SIGKILL), 0);
	program_kill(program);
}

static void
killing_reaps_the_program(void **state)
{
	Program    *program = start_script("exec /bin/sleep 1000", PROGRAM_IN | PROGRAM_OUT);
	pid_t		pid = program->pid;

	program_kill(program);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void
run_script_on_a_database(void *argument)
{
	program_finish(start_script(argument, 0), "database \"erp\"");
}

static void
a_failed_program_is_named_with_its_first_error(void **state)
{
	Outcome		outcome = run_apart(run_script_on_a_database,
									"echo 'pg_dump: warning: circular' >&2;"
									"echo 'pg_dump: error: query failed: ERROR:  no such thing' >&2;"
									"echo 'pg_dump: detail: Query was: SELECT 1' >&2; exit 4");

	assert_int_equal(outcome.kind, FAILURE_PROGRAM);
	assert_string_equal(outcome.message,
						"sh exited with code 4 on database \"erp\": query failed: ERROR:  no such thing");
	assert_non_null(strstr(outcome.detail, "Query was: SELECT 1"));
}

static void
a_failed_program_that_says_nothing_is_named(void **state)
{
	Outcome		outcome = run_apart(run_script_on_a_database, "kill -9 $$");

	assert_int_equal(outcome.kind, FAILURE_PROGRAM);
	assert_string_equal(outcome.message, "sh was killed by signal 9: Killed on database \"erp\"");
	assert_string_equal(outcome.detail, "");
}

static void
what_a_program_says_decides_the_kind_of_failure(void **state)
{
	static const struct
	{
		const char *said;
		FailureKind kind;
	}			cases[] = {
		{"pg_dump: error: could not write to output file: No space left on device", FAILURE_DISK_FULL},
		{"pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout", FAILURE_TIMEOUT},
		{"pg_dump: error: connection to server on socket \"/s\" failed: FATAL:  database \"erp\" does not exist", FAILURE_UNDEFINED},
		{"pg_dump: error: connection to server on socket \"/s\" failed: No such file or directory", FAILURE_CONNECTION},
		{"pg_dump: error: query failed: server closed the connection unexpectedly", FAILURE_CONNECTION},
		{"pg_dump: error: query failed: ERROR:  permission denied for table t", FAILURE_PERMISSION},
		{"pg_dump: error: something else", FAILURE_PROGRAM},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		char	   *script = psprintf("echo '%s' >&2; exit 1", cases[i].said);

		expect_failure(cases[i].kind, "sh exited with code 1 on database \"erp\": ",
					   run_script_on_a_database, script);
	}
}

static void
run_missing_program(void *argument)
{
	const char *const argv[] = {"/nonexistent/pg_dump", NULL};

	program_finish(program_start(argv, NULL, 0), "database \"erp\"");
}

static void
a_program_that_is_missing_is_a_failure(void **state)
{
	expect_failure(FAILURE_PROGRAM, "\"/nonexistent/pg_dump\": No such file or directory",
				   run_missing_program, NULL);
}

static void
find_in_wrong_directory(void *argument)
{
	program_path("/nonexistent", "sh");
}

static void
find_nowhere(void *argument)
{
	program_path(NULL, "no such program");
}

static void
a_program_is_found_in_the_directory_given_or_in_the_search_path(void **state)
{
	char	   *path;

	assert_string_equal(program_path("/bin", "sh"), "/bin/sh");
	setenv("PATH", ":.:relative:/nonexistent:/bin", 1);
	path = program_path(NULL, "sh");
	assert_string_equal(path, "/bin/sh");
	expect_failure(FAILURE_UNDEFINED, "could not find program \"sh\" in \"/nonexistent\"",
				   find_in_wrong_directory, NULL);
	expect_failure(FAILURE_UNDEFINED, "could not find program \"no such program\"",
				   find_nowhere, NULL);
}

static void
a_program_beside_this_one_is_preferred(void **state)
{
	char		self[MAXPGPATH];
	ssize_t		length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(length > 0);
	self[length] = '\0';
	assert_string_equal(program_path(NULL, strrchr(self, '/') + 1), self);
}

static void
say_bye(void)
{
	printf("bye");
	fflush(stdout);
}

static void
exit_handlers_of_the_parent_do_not_run_in_a_worker(void **state)
{
	int			ends[2];
	char		said[10];
	pid_t		pid;
	int			status;

	assert_int_equal(pipe(ends), 0);
	pid = worker_fork();
	if (pid == 0)
	{
		dup2(ends[1], STDOUT_FILENO);
		close(ends[1]);
		atexit(say_bye);
		pid = worker_fork();
		if (pid == 0)
			exit(7);
		waitpid(pid, &status, 0);
		exit(WEXITSTATUS(status));
	}
	close(ends[1]);

	/* The worker's own handler ran, once. */
	assert_int_equal(read(ends[0], said, sizeof(said)), 3);
	assert_int_equal(read(ends[0], said, sizeof(said)), 0);
	close(ends[0]);
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void
a_worker_dies_with_its_parent(void **state)
{
	int			ends[2];
	char		byte;
	pid_t		parent;

	assert_int_equal(pipe(ends), 0);
	parent = worker_fork();
	if (parent == 0)
	{
		if (worker_fork() == 0)
		{
			(void) !write(ends[1], "x", 1);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(kill(parent, SIGKILL), 0);

	/* The end of file comes when nobody holds the other end any more. */
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	waitpid(parent, NULL, 0);
}

static void
a_worker_that_keeps_one_descriptor_holds_no_other(void **state)
{
	int			ends[2];
	int			kept = open("/dev/null", O_RDONLY);
	char		byte;
	pid_t		pid;

	assert_int_equal(pipe(ends), 0);
	pid = worker_fork();
	if (pid == 0)
	{
		worker_keep_only(kept);
		_exit(fcntl(kept, F_GETFD) < 0 || fcntl(ends[0], F_GETFD) >= 0 ||
			  fcntl(ends[1], F_GETFD) >= 0 || fcntl(STDERR_FILENO, F_GETFD) < 0);
	}
	else
	{
		int			status;

		close(ends[1]);
		assert_int_equal(read(ends[0], &byte, 1), 0);
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
	}
	close(ends[0]);
	close(kept);
}

static void
wait_statuses_are_described(void **state)
{
	assert_string_equal(wait_status_text(1 << 8), "exited with code 1");
	assert_string_equal(wait_status_text(SIGKILL), "was killed by signal 9: Killed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_gets_its_input_and_gives_its_output),
		cmocka_unit_test(a_program_has_a_clean_environment),
		cmocka_unit_test(a_program_gets_the_environment_that_it_was_given),
		cmocka_unit_test(a_program_can_be_made_to_write_in_large_pieces),
		cmocka_unit_test(a_program_that_writes_in_large_pieces_goes_by_its_own_name),
		cmocka_unit_test(a_program_sees_no_descriptor_that_it_was_not_given),
		cmocka_unit_test(a_program_has_default_signals),
		cmocka_unit_test(the_signal_mask_of_the_parent_stays),
		cmocka_unit_test(a_program_that_says_much_on_standard_error_does_not_block),
		cmocka_unit_test(a_program_that_complains_while_it_is_fed_does_not_block),
		cmocka_unit_test(a_program_that_stops_reading_is_noticed),
		cmocka_unit_test(waiting_does_not_depend_on_descendants_that_hold_standard_error),
		cmocka_unit_test(killing_reaps_the_program),
		cmocka_unit_test(a_failed_program_is_named_with_its_first_error),
		cmocka_unit_test(a_failed_program_that_says_nothing_is_named),
		cmocka_unit_test(what_a_program_says_decides_the_kind_of_failure),
		cmocka_unit_test(a_program_that_is_missing_is_a_failure),
		cmocka_unit_test(a_program_is_found_in_the_directory_given_or_in_the_search_path),
		cmocka_unit_test(a_program_beside_this_one_is_preferred),
		cmocka_unit_test(exit_handlers_of_the_parent_do_not_run_in_a_worker),
		cmocka_unit_test(a_worker_dies_with_its_parent),
		cmocka_unit_test(a_worker_that_keeps_one_descriptor_holds_no_other),
		cmocka_unit_test(wait_statuses_are_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

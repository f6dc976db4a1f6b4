/*
 * The engine as a child of the server: one JSON object a line.
 */
#include "helpers.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job_state.h"
#include "process.h"
#include "protocol.h"

/*
 * What a function sends when it runs as an engine, up to 64 kB.
 */
static char *
sent_by(void (*function) (void))
{
	char	   *sent = pg_malloc0(65536);
	size_t		len = 0;
	int			fds[2];
	ssize_t		got;
	pid_t		pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pid = worker_fork();
	if (pid == 0)
	{
		close(fds[0]);
		protocol_init(fds[1]);
		job_state_init();
		function();
		exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], sent + len, 65535 - len)) > 0)
		len += got;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return sent;
}

/*
 * Reads a job description that came as these bytes.
 */
static json_t *
read_job(const char *bytes, size_t len)
{
	int			fds[2];
	pid_t		writer;
	json_t	   *job;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	writer = worker_fork();
	if (writer == 0)
		_exit(write(fds[1], bytes, len) == len ? 0 : 1);
	close(fds[1]);
	job = protocol_read_job(fds[0]);
	close(fds[0]);
	waitpid(writer, NULL, 0);
	return job;
}

static void
read_job_alone(void *argument)
{
	read_job(argument, strlen(argument));
}

static void
a_job_is_one_object_on_a_line(void **state)
{
	static const char line[] = "{\"job\": \"check\", \"unknown\": [1]}\nmore";
	json_t	   *job = read_job(line, strlen(line));

	assert_string_equal(json_string_value(json_object_get(job, "job")), "check");
	json_decref(job);
}

static void
a_long_job_is_read_whole(void **state)
{
	size_t		len = PROTOCOL_LINE_LIMIT - 100;
	char	   *line = pg_malloc(len + 32);
	json_t	   *job;

	memcpy(line, "{\"x\": \"", 7);
	memset(line + 7, 'y', len);
	memcpy(line + 7 + len, "\"}\n", 3);
	job = read_job(line, len + 10);
	assert_int_equal(json_string_length(json_object_get(job, "x")), len);
	json_decref(job);
	pg_free(line);
}

static void
what_is_no_job_is_refused(void **state)
{
	char	   *too_long = pg_malloc(PROTOCOL_LINE_LIMIT + 2);

	memset(too_long, ' ', PROTOCOL_LINE_LIMIT + 1);
	too_long[PROTOCOL_LINE_LIMIT + 1] = '\0';
	expect_failure(FAILURE_USAGE, "not a JSON object", read_job_alone, "hello\n");
	expect_failure(FAILURE_USAGE, "not a JSON object", read_job_alone, "[1]\n");
	expect_failure(FAILURE_USAGE, "not a JSON object", read_job_alone, "\n");
	expect_failure(FAILURE_USAGE, "not a JSON object", read_job_alone, "{\"a\": 1, \"a\": 2}\n");
	expect_failure(FAILURE_USAGE, "ends within the line", read_job_alone, "{\"job\"");
	expect_failure(FAILURE_USAGE, "ends within the line", read_job_alone, "");
	expect_failure(FAILURE_USAGE, "is longer than", read_job_alone, too_long);
}

static void
fail_in_some_way(void)
{
	fail(FAILURE_DAMAGED, "Look.", "object \"%s\" is damaged", "a\nb");
}

static void
a_failure_becomes_an_error_message(void **state)
{
	assert_string_equal(sent_by(fail_in_some_way),
						"{\"error\":{\"sqlstate\":\"XX001\",\"message\":\"object \\\"a\\nb\\\" is damaged\","
						"\"detail\":null,\"hint\":\"Look.\",\"transient\":false,\"damaged\":true}}\n");
}

static void
notice_in_some_way(void)
{
	notice("warning", NULL, "bytes \"%s\" are no UTF-8", "\xff\xc3");
}

static void
a_text_that_is_not_utf_8_is_sent_as_far_as_possible(void **state)
{
	assert_string_equal(sent_by(notice_in_some_way),
						"{\"log\":{\"level\":\"warning\",\"message\":\"bytes \\\"??\\\" are no UTF-8\","
						"\"hint\":null}}\n");
}

static void
succeed_and_fail(void)
{
	protocol_send_result(json_object());
	fail(FAILURE_STATE, NULL, "too late");
}

static void
fail_in_a_child_and_then_oneself(void)
{
	pid_t		pid = worker_fork();

	if (pid == 0)
		fail(FAILURE_IO, NULL, "first");
	waitpid(pid, NULL, 0);
	fail(FAILURE_IO, NULL, "second");
}

static void
stay_silent(void)
{
	job_state_claim_answer(ANSWER_UNWANTED);
	fail(FAILURE_IO, NULL, "nobody listens");
}

static void
only_the_first_answer_of_all_processes_is_sent(void **state)
{
	assert_string_equal(sent_by(succeed_and_fail), "{\"result\":{}}\n");
	assert_non_null(strstr(sent_by(fail_in_a_child_and_then_oneself), "\"first\""));
	assert_null(strstr(sent_by(fail_in_a_child_and_then_oneself), "\"second\""));
	assert_string_equal(sent_by(stay_silent), "");
}

static void
report_several_times(void)
{
	progress_report("dumping", "a", 1, 10);
	progress_report("dumping", "a", 2, 10);
	progress_report("dumping", "b", 3, 10);
	progress_report("dumping", NULL, 4, 10);
	progress_report("verifying", NULL, 5, 0);
	progress_report("verifying", NULL, 6, 0);
}

static void
progress_is_sent_when_phase_or_database_change_and_else_seldom(void **state)
{
	assert_string_equal(sent_by(report_several_times),
						"{\"progress\":{\"phase\":\"dumping\",\"database\":\"a\",\"bytes_done\":1,\"bytes_expected\":10}}\n"
						"{\"progress\":{\"phase\":\"dumping\",\"database\":\"b\",\"bytes_done\":3,\"bytes_expected\":10}}\n"
						"{\"progress\":{\"phase\":\"dumping\",\"database\":null,\"bytes_done\":4,\"bytes_expected\":10}}\n"
						"{\"progress\":{\"phase\":\"verifying\",\"database\":null,\"bytes_done\":5,\"bytes_expected\":0}}\n");
}

static void
send_too_much(void)
{
	char	   *long_text = pg_malloc(PROTOCOL_LINE_LIMIT);

	memset(long_text, 'x', PROTOCOL_LINE_LIMIT - 1);
	long_text[PROTOCOL_LINE_LIMIT - 1] = '\0';
	protocol_send("row", json_string(long_text));
}

static void
a_message_that_would_be_too_long_is_an_error_instead(void **state)
{
	const char *sent = sent_by(send_too_much);

	assert_non_null(strstr(sent, "{\"error\":"));
	assert_non_null(strstr(sent, "is longer than"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_is_one_object_on_a_line),
		cmocka_unit_test(a_long_job_is_read_whole),
		cmocka_unit_test(what_is_no_job_is_refused),
		cmocka_unit_test(a_failure_becomes_an_error_message),
		cmocka_unit_test(a_text_that_is_not_utf_8_is_sent_as_far_as_possible),
		cmocka_unit_test(only_the_first_answer_of_all_processes_is_sent),
		cmocka_unit_test(progress_is_sent_when_phase_or_database_change_and_else_seldom),
		cmocka_unit_test(a_message_that_would_be_too_long_is_an_error_instead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

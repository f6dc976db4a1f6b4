/*
 * What the answers of object storage mean, those of hostile servers included.
 */
#include "helpers.h"

#include "store/s3_answer.h"
#include "store/s3_xml.h"

/*
 * An answer with a status and a body.
 */
static S3Answer
answer_of(long status, const char *body)
{
	S3Answer	answer = {.status = status};

	initStringInfo(&answer.body);
	appendStringInfoString(&answer.body, body);
	s3_answer_read_error(&answer);
	return answer;
}

/*
 * The same with the server's word for an error.
 */
static S3Answer
error_of(long status, const char *error)
{
	return answer_of(status, psprintf("<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>m</Message></Error>", error));
}

static void
servers_that_are_busy_or_broken_are_asked_again(void **state)
{
	static const long statuses[] = {408, 409, 429, 500, 502, 503, 504};
	S3Answer	answer;

	for (int i = 0; i < lengthof(statuses); i++)
	{
		answer = answer_of(statuses[i], "");
		assert_true(s3_answer_is_transient(&answer));
		assert_false(s3_answer_is_success(&answer));
	}
	answer = error_of(400, "RequestTimeout");
	assert_true(s3_answer_is_transient(&answer));
}

static void
refusals_are_final(void **state)
{
	static const long statuses[] = {301, 400, 401, 403, 404, 412, 416, 501, 507};

	for (int i = 0; i < lengthof(statuses); i++)
	{
		S3Answer	answer = answer_of(statuses[i], "");

		assert_false(s3_answer_is_transient(&answer));
		assert_false(s3_answer_is_success(&answer));
	}
}

static void
a_success_that_reports_an_error_is_none(void **state)
{
	S3Answer	answer = error_of(200, "InternalError");

	assert_false(s3_answer_is_success(&answer));
	assert_true(s3_answer_is_transient(&answer));
	answer = answer_of(200, "<CompleteMultipartUploadResult/>");
	assert_true(s3_answer_is_success(&answer));
}

static void
a_bucket_that_is_absent_is_no_absent_object(void **state)
{
	S3Answer	answer = error_of(404, "NoSuchKey");

	assert_true(s3_answer_is_absent(&answer));
	answer = answer_of(404, "");
	assert_true(s3_answer_is_absent(&answer));
	answer = error_of(404, "NoSuchBucket");
	assert_false(s3_answer_is_absent(&answer));
}

static void
connections_that_break_are_made_again_but_not_without_trust(void **state)
{
	S3Answer	broken = {.result = CURLE_RECV_ERROR, .status = 200};
	S3Answer	distrusted = {.result = CURLE_PEER_FAILED_VERIFICATION};

	assert_true(s3_answer_is_transient(&broken));
	assert_false(s3_answer_is_success(&broken));
	assert_false(s3_answer_is_transient(&distrusted));
}

static void
only_words_are_taken_from_a_server(void **state)
{
	S3Answer	answer = error_of(403, "Access\nLOG:  forged");

	assert_string_equal(answer.error, "");
	answer = error_of(403, psprintf("%0500d", 1));
	assert_true(strlen(answer.error) < sizeof(answer.error));
	answer = answer_of(403, "<Error><Code>AccessDenied");
	assert_string_equal(answer.error, "");
}

static void
fail_with_answer(void *answer)
{
	S3Client	client = {.shown_url = "s3://backups"};

	s3_fail(&client, answer, "store", "a/b");
}

static void
failures_say_what_the_server_said_and_what_to_do(void **state)
{
	S3Answer	answer = error_of(403, "SignatureDoesNotMatch");
	Outcome		outcome = run_apart(fail_with_answer, &answer);

	assert_string_equal(outcome.message,
						"could not store object \"a/b\" in \"s3://backups\": server responded with status 403 (SignatureDoesNotMatch)");
	assert_non_null(strstr(outcome.hint, "AWS_SECRET_ACCESS_KEY"));
	assert_int_equal(outcome.kind, FAILURE_PERMISSION);
}

/*
 * Counts elements.
 */
static void
count_element(void *context, const char *around, const char *name,
			  const char *content)
{
	(*(int *) context)++;
}

/*
 * How many elements there were; -1 if it is refused.
 */
static int
count_elements(const char *document)
{
	int			count = 0;

	return s3_xml_read(document, strlen(document), count_element, &count) ? count : -1;
}

static void
xml_that_is_hostile_is_refused(void **state)
{
	assert_int_equal(count_elements("<a><b>x</b><b/></a>"), 3);
	assert_int_equal(count_elements(""), -1);
	assert_int_equal(count_elements("<a><b></a>"), -1);
	assert_int_equal(count_elements("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), -1);
	assert_int_equal(count_elements("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), -1);
	assert_int_equal(count_elements("<a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a>"), -1);
	assert_int_equal(count_elements(psprintf("<a>%09000d</a>", 1)), -1);
	assert_int_equal(count_elements(psprintf("<a%0100d/>", 1)), -1);
}

static void
what_xml_gives_a_meaning_is_escaped(void **state)
{
	assert_string_equal(s3_xml_escape("\"a\"&<b>'"), "&#34;a&#34;&#38;&#60;b&#62;&#39;");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_that_are_busy_or_broken_are_asked_again),
		cmocka_unit_test(refusals_are_final),
		cmocka_unit_test(a_success_that_reports_an_error_is_none),
		cmocka_unit_test(a_bucket_that_is_absent_is_no_absent_object),
		cmocka_unit_test(connections_that_break_are_made_again_but_not_without_trust),
		cmocka_unit_test(only_words_are_taken_from_a_server),
		cmocka_unit_test(failures_say_what_the_server_said_and_what_to_do),
		cmocka_unit_test(xml_that_is_hostile_is_refused),
		cmocka_unit_test(what_xml_gives_a_meaning_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

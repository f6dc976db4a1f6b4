/*
 * What an attempt to send came to.
 */
#include "helpers.h"

#include "notify/transfer.h"

static void
only_a_status_of_success_is_success(void **state)
{
	for (long status = 0; status < 600; status++)
	{
		Verdict		verdict = verdict_of_http("webhook", CURLE_OK, status);

		assert_int_equal(verdict.sent, status >= 200 && status < 300);
		assert_int_equal(verdict.transient, status == 408 || status == 429 || status >= 500);
	}
}

static void
what_may_pass_is_tried_again(void **state)
{
	static const CURLcode passing[] = {
		CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT,
		CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE,
		CURLE_SSL_CONNECT_ERROR, CURLE_OUT_OF_MEMORY
	};
	static const CURLcode lasting[] = {
		CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_URL_MALFORMAT,
		CURLE_USE_SSL_FAILED, CURLE_LOGIN_DENIED
	};

	for (int i = 0; i < lengthof(passing); i++)
		assert_true(verdict_of_http("webhook", passing[i], 0).transient);
	for (int i = 0; i < lengthof(lasting); i++)
		assert_false(verdict_of_http("webhook", lasting[i], 0).transient);
}

static void
no_error_is_success(void **state)
{
	for (int result = 1; result < CURL_LAST; result++)
	{
		assert_false(verdict_of_http("webhook", (CURLcode) result, 200).sent);
		assert_false(verdict_of_smtp("SMTP server", (CURLcode) result, 250).sent);
	}
}

static void
a_mail_server_says_itself_whether_to_try_again(void **state)
{
	assert_true(verdict_of_smtp("s", CURLE_OK, 250).sent);
	assert_true(verdict_of_smtp("s", CURLE_LOGIN_DENIED, 454).transient);
	assert_false(verdict_of_smtp("s", CURLE_LOGIN_DENIED, 535).transient);
	assert_true(verdict_of_smtp("s", CURLE_SEND_ERROR, 451).transient);
	assert_false(verdict_of_smtp("s", CURLE_SEND_ERROR, 550).transient);
	assert_true(verdict_of_smtp("s", CURLE_USE_SSL_FAILED, 454).transient);
	assert_false(verdict_of_smtp("s", CURLE_USE_SSL_FAILED, 250).transient);
	assert_true(verdict_of_smtp("s", CURLE_OPERATION_TIMEDOUT, 550).transient);
	assert_true(verdict_of_smtp("s", CURLE_RECV_ERROR, 250).transient);
}

static void
messages_say_what_and_why(void **state)
{
	Verdict		verdict = verdict_of_http("Slack webhook", CURLE_OK, 404);

	assert_string_equal(verdict.message, "could not send to Slack webhook: it answered with status 404");
	assert_non_null(verdict.hint);
	verdict = verdict_of_smtp("SMTP server \"mail\"", CURLE_SEND_ERROR, 550);
	assert_non_null(strstr(verdict.message, "code 550"));
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(only_a_status_of_success_is_success),
		cmocka_unit_test(what_may_pass_is_tried_again),
		cmocka_unit_test(no_error_is_success),
		cmocka_unit_test(a_mail_server_says_itself_whether_to_try_again),
		cmocka_unit_test(messages_say_what_and_why)
	};

	return cmocka_run_group_tests_name("verdict", cases, NULL, NULL);
}

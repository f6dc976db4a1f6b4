/*
 * What the metrics listener answers.
 */
#include "helpers.h"

#include <openssl/x509v3.h>

#include "listener/answer.h"
#include "listener/openmetrics.h"

#define TOKEN "Topsecret-token-1"

static const Snapshot well = {"metrics 1\n", "metrics 1\n# EOF\n", true, ""};
static const Snapshot unwell = {"metrics 0\n", "metrics 0\n# EOF\n", false, "overdue: by 1 h\n"};
static const AccessPolicy open_policy = {NULL, "db.example.com", NULL};
static const AccessPolicy token_policy = {TOKEN, "db.example.com", NULL};

/*
 * The answer to a GET with that path and "Authorization".
 */
static Answer
get(const AccessPolicy *policy, const char *path, const char *authorization, const Snapshot *snapshot)
{
	Request		request = {"GET", path, "localhost:9187", authorization, NULL};

	return request_answer(policy, &request, snapshot);
}

static int
status_for_host(const AccessPolicy *policy, const char *host)
{
	Request		request = {"GET", "/metrics", host, NULL, NULL};

	return request_answer(policy, &request, &well).status;
}

static void
metrics_are_what_the_server_said_last(void **state)
{
	Answer		answer = get(&open_policy, "/metrics", NULL, &unwell);

	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "metrics 0\n");
	assert_string_equal(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

static void
openmetrics_is_for_who_asks_for_it(void **state)
{
	Request		request = {"GET", "/metrics", "localhost", NULL, "text/plain, application/openmetrics-text; version=1.0.0"};
	Answer		answer = request_answer(&open_policy, &request, &well);

	assert_string_equal(answer.body, "metrics 1\n# EOF\n");
	assert_string_equal(answer.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

static void
health_says_whether_all_is_well_and_why_not(void **state)
{
	assert_int_equal(get(&token_policy, "/healthz", NULL, &well).status, 200);
	assert_string_equal(get(&token_policy, "/healthz", NULL, &well).body, "ok\n");
	assert_int_equal(get(&token_policy, "/healthz", NULL, &unwell).status, 503);
	assert_string_equal(get(&token_policy, "/healthz", NULL, &unwell).body, "overdue: by 1 h\n");
}

static void
nothing_is_said_that_may_not_be_true_any_more(void **state)
{
	assert_int_equal(get(&open_policy, "/metrics", NULL, NULL).status, 503);
	assert_int_equal(get(&open_policy, "/healthz", NULL, NULL).status, 503);
}

static void
a_server_without_metrics_says_why(void **state)
{
	Snapshot	none = {NULL, NULL, false, "extension erpgo_backup does not exist\n"};
	Answer		answer = get(&open_policy, "/metrics", NULL, &none);

	assert_int_equal(answer.status, 503);
	assert_string_equal(answer.body, none.reasons);
}

static void
a_token_that_there_is_must_be_shown(void **state)
{
	static const struct
	{
		const char *authorization;
		int			status;
	}			cases[] = {
		{NULL, 401},
		{"", 401},
		{"Bearer " TOKEN, 200},
		{"bearer   " TOKEN, 200},
		{"Bearer " TOKEN "x", 401},
		{"Bearer Topsecret-token-", 401},
		{"Bearer ", 401},
		{"Bearer", 401},
		{"Bearer" TOKEN, 401},
		{TOKEN, 401},
		{"Digest " TOKEN, 401},
		/* prometheus:TOKEN, :TOKEN, TOKEN:, prometheus:wrong, TOKEN */
		{"Basic cHJvbWV0aGV1czpUb3BzZWNyZXQtdG9rZW4tMQ==", 200},
		{"Basic OlRvcHNlY3JldC10b2tlbi0x", 200},
		{"Basic VG9wc2VjcmV0LXRva2VuLTE6", 401},
		{"Basic cHJvbWV0aGV1czp3cm9uZw==", 401},
		{"Basic VG9wc2VjcmV0LXRva2VuLTE=", 401},
		{"Basic ====", 401},
		{"Basic !", 401},
		{"Basic ", 401},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		if (get(&token_policy, "/metrics", cases[i].authorization, &well).status != cases[i].status)
			fail_msg("\"%s\" is not answered by %d", cases[i].authorization, cases[i].status);
	}
	assert_int_equal(get(&open_policy, "/metrics", "Bearer whatever", &well).status, 200);
}

static void
only_hosts_that_are_ours_are_answered(void **state)
{
	static const char *const ours[] = {
		"localhost", "localhost:9187", "LocalHost", "127.0.0.1:9187", "[::1]:9187", "192.0.2.1", "db.example.com:1", "DB.example.com"
	};
	static const char *const others[] = {
		"evil.example.com", "localhost.evil.example.com", "db.example.com.", "1.evil.example.com:9187"
	};
	static const char *const none[] = {"", ":9187", "a b", "user@localhost", "[localhost]", NULL};

	for (int i = 0; i < lengthof(ours); i++)
		assert_int_equal(status_for_host(&open_policy, ours[i]), 200);
	for (int i = 0; i < lengthof(others); i++)
		assert_int_equal(status_for_host(&open_policy, others[i]), 421);
	for (int i = 0; i < lengthof(none); i++)
		assert_int_equal(status_for_host(&open_policy, none[i]), 400);
}

static void
the_names_in_the_certificate_are_ours(void **state)
{
	AccessPolicy policy = {NULL, "0.0.0.0", X509_new()};
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
												"DNS:db.example.com,DNS:*.backup.example.com");

	X509_add_ext(policy.certificate, names, -1);
	assert_int_equal(status_for_host(&policy, "db.example.com:9187"), 200);
	assert_int_equal(status_for_host(&policy, "a.backup.example.com"), 200);
	assert_int_equal(status_for_host(&policy, "a.b.backup.example.com"), 421);
	assert_int_equal(status_for_host(&policy, "example.com"), 421);
	X509_EXTENSION_free(names);
	X509_free(policy.certificate);
}

static void
other_paths_do_not_exist(void **state)
{
	static const char *const paths[] = {"/", "", "/metrics/", "/METRICS", "/healthz/x", "//metrics", "http://localhost/metrics"};

	for (int i = 0; i < lengthof(paths); i++)
		assert_int_equal(get(&open_policy, paths[i], NULL, &well).status, 404);
}

static void
nothing_can_be_done_but_reading(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "", "PRI"};
	Request		request = {"HEAD", "/metrics", "localhost", NULL, NULL};

	assert_int_equal(request_answer(&open_policy, &request, &well).status, 200);
	for (int i = 0; i < lengthof(methods); i++)
	{
		request.method = methods[i];
		assert_int_equal(request_answer(&open_policy, &request, &well).status, 405);
	}
}

static void
strangers_learn_nothing_but_that(void **state)
{
	Request		request = {"POST", "/nowhere", "evil.example.com", NULL, NULL};

	assert_int_equal(request_answer(&token_policy, &request, &well).status, 421);
	assert_null(strstr(request_answer(&token_policy, &request, &well).body, "metrics 1"));
}

static void
openmetrics_names_counters_without_their_suffix(void **state)
{
	char	   *converted = openmetrics_from_text("# HELP a_total All \"a\".\n"
												  "# TYPE a_total counter\n"
												  "a_total{b=\"_total \\\"c\\\"\"} 1\n"
												  "# HELP d_bytes D.\n"
												  "# TYPE d_bytes gauge\n"
												  "d_bytes 2\n");

	assert_string_equal(converted,
						"# HELP a All \\\"a\\\".\n"
						"# TYPE a counter\n"
						"a_total{b=\"_total \\\"c\\\"\"} 1\n"
						"# HELP d_bytes D.\n"
						"# TYPE d_bytes gauge\n"
						"d_bytes 2\n"
						"# EOF\n");
	assert_string_equal(openmetrics_from_text(""), "# EOF\n");
	assert_string_equal(openmetrics_from_text("# TYPE a_total"), "# TYPE a\n# EOF\n");
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(metrics_are_what_the_server_said_last),
		cmocka_unit_test(openmetrics_is_for_who_asks_for_it),
		cmocka_unit_test(health_says_whether_all_is_well_and_why_not),
		cmocka_unit_test(nothing_is_said_that_may_not_be_true_any_more),
		cmocka_unit_test(a_server_without_metrics_says_why),
		cmocka_unit_test(a_token_that_there_is_must_be_shown),
		cmocka_unit_test(only_hosts_that_are_ours_are_answered),
		cmocka_unit_test(the_names_in_the_certificate_are_ours),
		cmocka_unit_test(other_paths_do_not_exist),
		cmocka_unit_test(nothing_can_be_done_but_reading),
		cmocka_unit_test(strangers_learn_nothing_but_that),
		cmocka_unit_test(openmetrics_names_counters_without_their_suffix)
	};

	return cmocka_run_group_tests_name("listener_answer", cases, NULL, NULL);
}

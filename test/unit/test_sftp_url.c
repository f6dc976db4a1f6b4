/*
 * URLs of repositories on SFTP servers.
 */
#include "helpers.h"

#include "common/sftp_url.h"
#include "common/store_url.h"

#define PRINT "0123456789abcdefghijklmnopqrstuvwxyzABCDE+/"
#define KEY "?host_key=SHA256:" PRINT

static SftpUrl
parse(const char *url)
{
	SftpUrl		parsed;
	const char *problem;

	if (!sftp_url_parse(url, &parsed, &problem))
		fail_msg("\"%s\" was refused: %s", url, problem);
	return parsed;
}

static void
what_is_not_given_is_usual(void **state)
{
	SftpUrl		url = parse("sftp://backup@storage.example.com/backups/postgres" KEY);

	assert_string_equal(url.user, "backup");
	assert_string_equal(url.host, "storage.example.com");
	assert_int_equal(url.port, 22);
	assert_string_equal(url.path, "/backups/postgres");
	assert_string_equal(url.host_key, PRINT);
	assert_string_equal(url.known_hosts, "");
	assert_int_equal(url.timeout_s, 30);
}

static void
parameters_are_taken_in_any_order(void **state)
{
	SftpUrl		url = parse("sftp://u_1-a.b@[::1]:2222/a?timeout=7&known_hosts=/etc/ssh/known hosts");

	assert_string_equal(url.user, "u_1-a.b");
	assert_string_equal(url.host, "::1");
	assert_int_equal(url.port, 2222);
	assert_string_equal(url.path, "/a");
	assert_string_equal(url.known_hosts, "/etc/ssh/known hosts");
	assert_int_equal(url.timeout_s, 7);
}

static void
addresses_have_no_port_of_their_own(void **state)
{
	assert_int_equal(parse("sftp://u@[::1]/a" KEY).port, 22);
	assert_int_equal(parse("sftp://u@127.0.0.1/a" KEY).port, 22);
}

static void
what_makes_no_sense_is_refused_with_what_would_be_valid(void **state)
{
	static const char *const wrong[] = {
		"sftp://", "sftp://host/a" KEY, "sftp://u@host/a", "sftp://u@host/a?", "sftp://u@host" KEY, "sftp://u@host/" KEY,
		"sftp://u:password@host/a" KEY, "sftp://@host/a" KEY, "sftp://u@/a" KEY, "sftp://u@host:/a" KEY, "sftp://u@host:0/a" KEY,
		"sftp://u@host:70000/a" KEY, "sftp://u@host/a/" KEY, "sftp://u@host//a" KEY, "sftp://u@host/a/../b" KEY, "sftp://u@host/a\nb" KEY,
		"sftp://u@v@host/a" KEY, "sftp://u@host/a?host_key=" PRINT, "sftp://u@host/a?host_key=MD5:" PRINT, "sftp://u@host/a" KEY "=",
		"sftp://u@host/a" KEY "0", "sftp://u@host/a" KEY "&known_hosts=/a", "sftp://u@host/a?known_hosts=a", "sftp://u@host/a?known_hosts=",
		"sftp://u@host/a?known_hosts=/a/../b", "sftp://u@host/a" KEY "&timeout=0", "sftp://u@host/a" KEY "&password=x",
		"sftp://u@host/a" KEY "&&timeout=1", "sftp://u u@host/a" KEY, "sftp://-u;x@host/a" KEY, "SFTP://u@host/a" KEY,
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		SftpUrl		parsed;
		const char *problem = NULL;

		if (sftp_url_parse(wrong[i], &parsed, &problem))
			fail_msg("\"%s\" was taken for a URL", wrong[i]);
		assert_non_null(problem);
		assert_int_equal(problem[strlen(problem) - 1], '.');
		assert_false(store_url_check(wrong[i], &problem));
	}
}

static void
it_is_the_url_of_a_repository_without_a_path_here(void **state)
{
	const char *problem;

	assert_true(store_url_check("sftp://backup@host/backups" KEY, &problem));
	assert_null(store_url_path("sftp://backup@host/backups" KEY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_is_usual),
		cmocka_unit_test(parameters_are_taken_in_any_order),
		cmocka_unit_test(addresses_have_no_port_of_their_own),
		cmocka_unit_test(what_makes_no_sense_is_refused_with_what_would_be_valid),
		cmocka_unit_test(it_is_the_url_of_a_repository_without_a_path_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

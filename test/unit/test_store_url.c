/*
 * URLs of repositories.
 */
#include "helpers.h"

#include "common/store_url.h"

static void
a_file_url_and_a_bare_path_name_the_same_path(void **state)
{
	static const char *const urls[] = {"file:///backups/postgres", "/backups/postgres"};

	for (int i = 0; i < lengthof(urls); i++)
	{
		const char *problem = NULL;

		assert_true(store_url_check(urls[i], &problem));
		assert_null(problem);
		assert_string_equal(store_url_path(urls[i]), "/backups/postgres");
	}
}

static void
the_path_lies_inside_the_text_given(void **state)
{
	const char *url = "file:///a";

	assert_ptr_equal(store_url_path(url), url + strlen("file://"));
}

static void
unusual_names_are_taken_byte_for_byte(void **state)
{
	static const char *const paths[] = {
		"/a b", "/...", "/.hidden", "/a%20b", "/a?b#c", "/\xc3\xa4", "/a:b@c", "/\"'\\",
	};

	for (int i = 0; i < lengthof(paths); i++)
	{
		const char *problem;

		assert_true(store_url_check(paths[i], &problem));
		assert_string_equal(store_url_path(psprintf("file://%s", paths[i])), paths[i]);
	}
}

static void
what_names_no_absolute_path_is_refused_with_what_would_be_valid(void **state)
{
	static const char *const wrong[] = {
		"", "backups", "./backups", "../backups", "file:", "file:/a", "file://", "file://host/a",
		"file://localhost/a", "FILE:///a", " /a", "/", "file:///", "/a/", "file:///a/", "//a", "/a//b",
		"file:////a", "/a/../b", "/..", "/a/.", "/./a", "s3:/bucket/prefix", "S3://bucket/prefix", "http://a/b", "/a\nb",
		"/a\tb", "/a\x7f", "file:///a\r",
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		const char *problem = NULL;

		if (store_url_check(wrong[i], &problem))
			fail_msg("\"%s\" was taken for a URL", wrong[i]);
		assert_non_null(problem);
		assert_int_equal(problem[strlen(problem) - 1], '.');
		assert_null(store_url_path(wrong[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_url_and_a_bare_path_name_the_same_path),
		cmocka_unit_test(the_path_lies_inside_the_text_given),
		cmocka_unit_test(unusual_names_are_taken_byte_for_byte),
		cmocka_unit_test(what_names_no_absolute_path_is_refused_with_what_would_be_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

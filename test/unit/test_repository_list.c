/*
 * Lists of repositories.
 */
#include "helpers.h"

#include "common/repository_list.h"

/* What a list must be read as: NULL ends the URLs. */
typedef struct Case
{
	const char *text;
	const char *urls[REPOSITORY_LIST_LIMIT + 1];
	bool		required[REPOSITORY_LIST_LIMIT];
} Case;

static void
each_repository_has_its_url_and_its_role(void **state)
{
	static const Case cases[] = {
		{"file:///a", {"file:///a"}, {true}},
		{"/a", {"/a"}, {true}},
		{"/a?wal=required", {"/a"}, {true}},
		{"/a,/b", {"/a", "/b"}, {true, false}},
		{" /a ,\t/b c \n", {"/a", "/b c"}, {true, false}},
		{"file:///a, file:///b?wal=required, s3://bucket/p?wal=follow",
		{"file:///a", "file:///b", "s3://bucket/p"}, {true, true, false}},
		{"/a,s3://bucket?region=eu-1&wal=required&style=path",
		{"/a", "s3://bucket?region=eu-1&style=path"}, {true, true}},
		{"/a,s3://bucket?wal=required&region=eu-1",
		{"/a", "s3://bucket?region=eu-1"}, {true, true}},
		{"/a,s3://bucket?region=eu-1&wal=follow",
		{"/a", "s3://bucket?region=eu-1"}, {true, false}},
		{"/a?b,/wal=follow?c", {"/a?b", "/wal=follow?c"}, {true, false}},
		{"/a?b?wal=required", {"/a?b"}, {true}},
		{"/a,s3://bucket/a,s3://bucket/b", {"/a", "s3://bucket/a", "s3://bucket/b"}, {true, false, false}},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		RepositoryList list;
		const char *problem = NULL;

		if (!repository_list_parse(cases[i].text, &list, &problem))
			fail_msg("\"%s\": %s", cases[i].text, problem);
		for (int j = 0; j < list.count; j++)
		{
			assert_string_equal(list.repositories[j].url, cases[i].urls[j]);
			assert_int_equal(list.repositories[j].wal_required, cases[i].required[j]);
		}
		assert_null(cases[i].urls[list.count]);
	}
}

static void
what_is_no_list_is_refused_with_a_sentence(void **state)
{
	static const char *const wrong[][2] = {
		{"", "separated"},
		{"  ", "separated"},
		{",", "separated"},
		{"/a,", "separated"},
		{",/a", "separated"},
		{"/a,,/b", "separated"},
		{"/a , , /b", "separated"},
		{"a", "is given as"},
		{"/a,b", "is given as"},
		{"/a,/b/", "slash at its end"},
		{"/a,/b?wal=maybe", "\"required\" or \"follow\""},
		{"/a,/b?wal=", "\"required\" or \"follow\""},
		{"/a,/b?wal=followed", "\"required\" or \"follow\""},
		{"/a,/b?wal=required&x=y", "\"required\" or \"follow\""},
		{"/a?wal=follow,/b", "cannot have"},
		{"/a,/b?wal=follow?wal=follow", "only once"},
		{"/a,s3://bucket?wal=follow&wal=required", "only once"},
		{"/a,/b,/a", "only once"},
		{"/a,file:///a", "only once"},
		{"/a,/a?wal=required", "only once"},
		{"s3://bucket/p,s3://bucket/p?wal=follow", "only once"},
		{"s3://bucket/p,s3://bucket/p?storage_class=GLACIER_IR", "only once"},
		{"/1,/2,/3,/4,/5,/6,/7,/8,/9", "at most 8"},
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		RepositoryList list;
		const char *problem = NULL;

		if (repository_list_parse(wrong[i][0], &list, &problem))
			fail_msg("\"%s\" is taken for a list", wrong[i][0]);
		if (strstr(problem, wrong[i][1]) == NULL)
			fail_msg("\"%s\": %s", wrong[i][0], problem);
	}
}

static void
a_url_that_is_too_long_is_refused(void **state)
{
	static char longest[REPOSITORY_URL_SIZE + 10];
	RepositoryList list;
	const char *problem = NULL;

	memset(longest, 'a', REPOSITORY_URL_SIZE);
	longest[0] = '/';
	assert_false(repository_list_parse(longest, &list, &problem));
	assert_non_null(strstr(problem, "2048"));
	longest[REPOSITORY_URL_SIZE - 1] = '\0';
	assert_true(repository_list_parse(longest, &list, &problem));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_repository_has_its_url_and_its_role),
		cmocka_unit_test(what_is_no_list_is_refused_with_a_sentence),
		cmocka_unit_test(a_url_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

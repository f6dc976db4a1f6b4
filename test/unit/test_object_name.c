/*
 * Names that users chose, as components of objects' names.
 */
#include "helpers.h"

#include "common/object_name.h"

/* The longest name of a database, and what it can become. */
#define NAME_SIZE 64
#define ESCAPED_SIZE (3 * NAME_SIZE)

static void
plain_characters_stay_and_others_are_escaped(void **state)
{
	static const struct
	{
		const char *name;
		const char *escaped;
	}			cases[] = {
		{"", ""}, {"erp", "erp"}, {"Erp_2-a.b", "Erp_2-a.b"}, {"a b", "a%20b"},
		{".", "%2E"}, {"..", "%2E."}, {".hidden", "%2Ehidden"}, {"a/b", "a%2Fb"},
		{"100%", "100%25"}, {"a\nb", "a%0Ab"}, {"\"'", "%22%27"}, {"\xc3\xa4", "%C3%A4"},
		{"\x7f\xff", "%7F%FF"}, {"~", "%7E"},
	};
	char		escaped[ESCAPED_SIZE];

	for (int i = 0; i < lengthof(cases); i++)
	{
		assert_true(object_name_escape(cases[i].name, escaped, sizeof(escaped)));
		assert_string_equal(escaped, cases[i].escaped);
	}
}

static void
every_name_comes_back_and_is_one_valid_component(void **state)
{
	for (int i = 0; i < 20000; i++)
	{
		char		name[NAME_SIZE] = "";
		char		escaped[ESCAPED_SIZE];
		char		back[NAME_SIZE];
		int			length = random_below(NAME_SIZE);

		for (int j = 0; j < length; j++)
			name[j] = (char) (1 + random_below(255));
		assert_true(object_name_escape(name, escaped, 3 * length + 1));
		assert_true(object_name_unescape(escaped, back, length + 1));
		assert_string_equal(back, name);
		assert_null(strchr(escaped, '/'));
		assert_int_equal(object_name_is_valid(escaped), length > 0);
	}
}

static void
what_does_not_fit_is_refused(void **state)
{
	char		small[4] = "abc";

	assert_false(object_name_escape("abcd", small, 4));
	assert_true(object_name_escape("abc", small, 4));
	assert_false(object_name_escape("a b", small, 4));
	assert_false(object_name_escape(" ", small, 3));
	assert_true(object_name_escape(" ", small, 4));
	assert_false(object_name_escape("", small, 0));
	assert_false(object_name_unescape("abcd", small, 4));
	assert_true(object_name_unescape("a%20b", small, 4));
	assert_false(object_name_unescape("a%20bc", small, 4));
	assert_false(object_name_unescape("", small, 0));
}

static void
what_no_name_becomes_is_not_unescaped(void **state)
{
	static const char *const wrong[] = {
		"%", "%2", "a%", "a%2", "%2f", "%2e", "%61", "%5F", "a%2E", "%00", "%GG", "% 1", "a b",
		".a", "a/b", "\xc3\xa4", "a\n", "%2", "%%25", "%25%",
	};
	char		name[NAME_SIZE];

	for (int i = 0; i < lengthof(wrong); i++)
	{
		if (object_name_unescape(wrong[i], name, sizeof(name)))
			fail_msg("\"%s\" was unescaped", wrong[i]);
	}
}

static void
what_is_unescaped_is_escaped_to_the_same_text(void **state)
{
	static const char alphabet[] = "%%%0257AFaf.-_/ ";

	for (int i = 0; i < 100000; i++)
	{
		char		escaped[16] = "";
		char		name[16];
		char		again[64];
		int			length = random_below(10);

		for (int j = 0; j < length; j++)
			escaped[j] = alphabet[random_below(sizeof(alphabet) - 1)];
		if (!object_name_unescape(escaped, name, sizeof(name)))
			continue;
		assert_true(object_name_escape(name, again, sizeof(again)));
		assert_string_equal(again, escaped);
	}
}

static void
names_of_objects_are_relative_paths_without_surprises(void **state)
{
	static const char *const valid[] = {
		"a", "backup/20261122T180000Z-full/manifest.json", "wal/00000001/x%2Fy.zst.aes", "a.b/c-d_e", "%",
	};
	static const char *const wrong[] = {
		"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "a/../b", "./a", "a/.hidden", ".hidden",
		"a b", "a\\b", "a\n", "a/\xc3\xa4", "a:b", "a*", "a\x7f", "~", "a/b/",
	};

	for (int i = 0; i < lengthof(valid); i++)
		assert_true(object_name_is_valid(valid[i]));
	for (int i = 0; i < lengthof(wrong); i++)
	{
		if (object_name_is_valid(wrong[i]))
			fail_msg("\"%s\" was taken for the name of an object", wrong[i]);
	}
}

static void
names_of_objects_have_at_most_1000_bytes(void **state)
{
	char		name[1002];

	memset(name, 'a', sizeof(name));
	name[1000] = '\0';
	assert_true(object_name_is_valid(name));
	name[1000] = 'a';
	name[1001] = '\0';
	assert_false(object_name_is_valid(name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_characters_stay_and_others_are_escaped),
		cmocka_unit_test(every_name_comes_back_and_is_one_valid_component),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(what_no_name_becomes_is_not_unescaped),
		cmocka_unit_test(what_is_unescaped_is_escaped_to_the_same_text),
		cmocka_unit_test(names_of_objects_are_relative_paths_without_surprises),
		cmocka_unit_test(names_of_objects_have_at_most_1000_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

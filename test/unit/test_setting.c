/*
 * Values of settings as pg_db_role_setting holds them.
 */
#include "helpers.h"

#include "database/setting.h"

/*
 * A list with its items in angle brackets, "none" if it is no list.
 */
static const char *
split(const char *value)
{
	char	  **items = setting_list_split(value);
	char	   *shown = "";

	if (items == NULL)
		return "none";
	for (int i = 0; items[i] != NULL; i++)
		shown = psprintf("%s<%s>", shown, items[i]);
	return shown;
}

static void
only_lists_of_identifiers_are_lists(void **state)
{
	assert_true(setting_is_list("search_path"));
	assert_true(setting_is_list("Temp_Tablespaces"));
	assert_false(setting_is_list("datestyle"));
	assert_false(setting_is_list("search_path.x"));
	assert_false(setting_is_list(""));
}

static void
items_are_taken_apart_at_commas(void **state)
{
	assert_string_equal(split("public"), "<public>");
	assert_string_equal(split("a, b,c ,  d"), "<a><b><c><d>");
}

static void
quotes_keep_everything_together(void **state)
{
	assert_string_equal(split("\"$user\", public"), "<$user><public>");
	assert_string_equal(split("\"we, ird\", \"a\"\"b\""), "<we, ird><a\"b>");
	assert_string_equal(split("\"\\ '\""), "<\\ '>");
	assert_string_equal(split("\"\"\"\""), "<\">");
}

static void
an_empty_item_is_not_an_empty_list(void **state)
{
	assert_string_equal(split("\"\""), "<>");
	assert_string_equal(split(""), "");
	assert_string_equal(split("  "), "");
}

static void
what_is_no_list_is_told_from_one(void **state)
{
	static const char *const values[] = {
		",", "a,", "a,,b", ",a", "a b", "\"a", "\"a\"b", "\"a\"\"", "a, "
	};

	for (int i = 0; i < lengthof(values); i++)
		assert_string_equal(split(values[i]), "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_lists_of_identifiers_are_lists),
		cmocka_unit_test(items_are_taken_apart_at_commas),
		cmocka_unit_test(quotes_keep_everything_together),
		cmocka_unit_test(an_empty_item_is_not_an_empty_list),
		cmocka_unit_test(what_is_no_list_is_told_from_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

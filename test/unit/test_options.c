/*
 * The command line, as far as all subcommands share it.
 */
#include "helpers.h"

#include "options.h"

#define ARGUMENTS(...) ((const char *[]) {"erpgo_backup", __VA_ARGS__, NULL})

/*
 * Takes the common options out of a list of arguments that ends with NULL, and
 * returns what is left, with spaces between.
 */
static const char *
take(const char **arguments, CommonOptions *options)
{
	char	  **argv = unconstify(char **, arguments);
	int			argc = 0;
	char	   *left = "";

	while (argv[argc] != NULL)
		argc++;
	argc = options_take(argc, argv, options);
	assert_null(argv[argc]);
	for (int i = 1; i < argc; i++)
		left = psprintf("%s%s%s", left, i > 1 ? " " : "", argv[i]);
	return left;
}

static void
take_alone(void *argument)
{
	CommonOptions options;

	take(argument, &options);
}

static void
without_options_there_are_defaults(void **state)
{
	CommonOptions options;

	unsetenv("ERPGO_BACKUP_REPOSITORY");
	assert_string_equal(take(ARGUMENTS("list"), &options), "list");
	assert_null(options.repository);
	assert_null(options.cluster);
	assert_null(options.secrets_file);
	assert_null(options.bindir);
	assert_false(options.json);
	assert_false(options.quiet);
	assert_int_equal(options.jobs, 1);
}

static void
common_options_are_taken_before_and_after_the_command(void **state)
{
	CommonOptions options;

	assert_string_equal(take(ARGUMENTS("--json", "--repository", "/a", "restore", "latest",
									   "--cluster=main", "--create", "--jobs", "4", "--quiet",
									   "--secrets-file", "s", "--bindir=b"), &options),
						"restore latest --create");
	assert_string_equal(options.repository, "/a");
	assert_string_equal(options.cluster, "main");
	assert_string_equal(options.secrets_file, "s");
	assert_string_equal(options.bindir, "b");
	assert_true(options.json);
	assert_true(options.quiet);
	assert_int_equal(options.jobs, 4);
}

static void
the_repository_of_the_environment_is_the_default(void **state)
{
	CommonOptions options;

	setenv("ERPGO_BACKUP_REPOSITORY", "file:///env", 1);
	take(ARGUMENTS("list"), &options);
	assert_string_equal(options.repository, "file:///env");
	take(ARGUMENTS("list", "--repository=/given"), &options);
	assert_string_equal(options.repository, "/given");
	unsetenv("ERPGO_BACKUP_REPOSITORY");
}

static void
what_follows_two_dashes_is_left_alone(void **state)
{
	CommonOptions options;

	assert_string_equal(take(ARGUMENTS("show", "--", "--json"), &options), "show -- --json");
	assert_false(options.json);
}

static void
only_whole_names_are_common_options(void **state)
{
	CommonOptions options;

	assert_string_equal(take(ARGUMENTS("x", "--js", "--jsonx", "-json", "json"), &options),
						"x --js --jsonx -json json");
	assert_false(options.json);
}

static void
a_value_may_look_like_an_option_or_be_empty(void **state)
{
	CommonOptions options;

	assert_string_equal(take(ARGUMENTS("list", "--cluster", "--json", "--bindir="), &options), "list");
	assert_string_equal(options.cluster, "--json");
	assert_string_equal(options.bindir, "");
	assert_false(options.json);
}

static void
a_missing_or_needless_value_is_wrong_usage(void **state)
{
	expect_failure(FAILURE_USAGE, "option \"--cluster\" requires a value",
				   take_alone, ARGUMENTS("list", "--cluster"));
	expect_failure(FAILURE_USAGE, "option \"--json\" does not take a value",
				   take_alone, ARGUMENTS("list", "--json=yes"));
}

static void
jobs_is_a_small_number(void **state)
{
	static const char *const values[] = {"0", "-1", "65", "x", "", "1x", "99999999999999999999"};

	for (int i = 0; i < lengthof(values); i++)
		expect_failure(FAILURE_USAGE, "option \"--jobs\" must be between 1 and 64",
					   take_alone, ARGUMENTS("list", "--jobs", values[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_there_are_defaults),
		cmocka_unit_test(common_options_are_taken_before_and_after_the_command),
		cmocka_unit_test(the_repository_of_the_environment_is_the_default),
		cmocka_unit_test(what_follows_two_dashes_is_left_alone),
		cmocka_unit_test(only_whole_names_are_common_options),
		cmocka_unit_test(a_value_may_look_like_an_option_or_be_empty),
		cmocka_unit_test(a_missing_or_needless_value_is_wrong_usage),
		cmocka_unit_test(jobs_is_a_small_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

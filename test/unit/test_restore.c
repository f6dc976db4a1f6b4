/*
 * What "restore" is asked for, and what its programs say.
 */
#include "helpers.h"

#include "command/restore.h"
#include "command/restore_arguments.h"

/* The arguments of a subcommand. */
typedef struct Arguments
{
	char	   *argv[16];
	int			argc;
	int			jobs;
	RestoreRequest request;
} Arguments;

static void
parse(void *context)
{
	Arguments  *arguments = context;

	arguments->request.jobs = arguments->jobs;
	restore_arguments_parse(&arguments->request, arguments->argc, arguments->argv);
}

/*
 * Takes a command line apart at its spaces.
 */
static Arguments
arguments_of(const char *line, int jobs)
{
	Arguments	arguments = {.jobs = jobs};

	for (char *word = strtok(pg_strdup(line), " "); word != NULL; word = strtok(NULL, " "))
		arguments.argv[arguments.argc++] = word;
	return arguments;
}

static void
expect_usage_failure(const char *line, const char *message_part)
{
	Arguments	arguments = arguments_of(line, 1);

	expect_failure(FAILURE_USAGE, message_part, parse, &arguments);
}

static void
options_may_stand_before_and_after_the_backup(void **state)
{
	Arguments	arguments = arguments_of("restore --database erp latest --create --dbname=x --table t --table u", 1);

	parse(&arguments);
	assert_string_equal(arguments.request.id, "latest");
	assert_string_equal(arguments.request.database, "erp");
	assert_string_equal(arguments.request.conninfo, "x");
	assert_true(arguments.request.create);
	assert_int_equal(arguments.request.passed_on.count, 2);
	assert_string_equal(arguments.request.passed_on.items[1], "--table=u");
	assert_null(arguments.request.passed_on.items[2]);
}

static void
arguments_that_make_no_sense_are_refused(void **state)
{
	expect_usage_failure("restore --database erp --dbname x", "no backup is named");
	expect_usage_failure("restore a b --database erp --dbname x", "too many arguments");
	expect_usage_failure("restore latest --dbname x", "what to restore");
	expect_usage_failure("restore latest --database erp", "where to restore to");
	expect_usage_failure("restore latest --database erp --dbname x --to-file y", "--to-file");
	expect_usage_failure("restore latest --database erp --globals --to-file y", "--to-file");
	expect_usage_failure("restore latest --database erp --table t --to-file y", "--to-file");
	expect_usage_failure("restore latest --globals --create --dbname x", "--database is missing");
	expect_usage_failure("restore latest --database erp --dbname x --temp-dir y", "--jobs");
	expect_usage_failure("restore latest --frobnicate", "--frobnicate");
	expect_usage_failure("restore latest --database", "requires a value");
}

static void
a_folder_for_the_plain_dump_makes_sense_with_several_jobs(void **state)
{
	Arguments	arguments = arguments_of("restore latest --database erp --dbname x --temp-dir y", 2);

	parse(&arguments);
	assert_string_equal(arguments.request.temp_dir, "y");
}

static void
what_existed_is_told_from_other_errors(void **state)
{
	const char *reason;

	assert_int_equal(globals_message("psql:<stdin>:2: ERROR:  42710: role \"x\" already exists", &reason),
					 GLOBALS_EXISTS);
	assert_int_equal(globals_message("psql:<stdin>:12: ERROR:  58P01: directory \"/x\" does not exist", &reason),
					 GLOBALS_ERROR);
	assert_string_equal(reason, "12: ERROR:  58P01: directory \"/x\" does not exist");
	assert_int_equal(globals_message("psql:<stdin>:4: error: invalid command \\foo", &reason), GLOBALS_ERROR);
	assert_int_equal(globals_message("psql: error: connection to server failed", &reason), GLOBALS_ERROR);
}

static void
a_server_may_speak_another_language(void **state)
{
	const char *reason;

	assert_int_equal(globals_message("psql:<stdin>:2: FEHLER:  42710: Rolle »x« existiert bereits", &reason),
					 GLOBALS_EXISTS);
	assert_int_equal(globals_message("psql:<stdin>:2: FEHLER:  42601: Syntaxfehler", &reason), GLOBALS_ERROR);
	assert_int_equal(globals_message("psql:<stdin>:2: HINWEIS:  00000: Rolle »x« ist schon Mitglied", &reason),
					 GLOBALS_NOTHING);
}

static void
notices_warnings_and_details_are_no_errors(void **state)
{
	const char *reason;

	assert_int_equal(globals_message("psql:<stdin>:3: WARNING:  01000: something", &reason), GLOBALS_NOTHING);
	assert_int_equal(globals_message("LOCATION:  CreateRole, user.c:328", &reason), GLOBALS_NOTHING);
	assert_int_equal(globals_message("LINE 1: ALTER ROLE x", &reason), GLOBALS_NOTHING);
	assert_int_equal(globals_message("", &reason), GLOBALS_NOTHING);
}

static void
versions_of_programs_are_read(void **state)
{
	assert_int_equal(program_major_version("pg_restore (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), 15);
	assert_int_equal(program_major_version("pg_restore (PostgreSQL) 19beta1\n"), 19);
	assert_int_equal(program_major_version("rubbish"), 0);
	assert_int_equal(program_major_version(""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_before_and_after_the_backup),
		cmocka_unit_test(arguments_that_make_no_sense_are_refused),
		cmocka_unit_test(a_folder_for_the_plain_dump_makes_sense_with_several_jobs),
		cmocka_unit_test(what_existed_is_told_from_other_errors),
		cmocka_unit_test(a_server_may_speak_another_language),
		cmocka_unit_test(notices_warnings_and_details_are_no_errors),
		cmocka_unit_test(versions_of_programs_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

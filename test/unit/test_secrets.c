/*
 * The secrets file.
 */
#include "helpers.h"
#include "scratch.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/secrets.h"

#define SECRET "7hunder-Cl0ud"

/* A file's text, and what a secret in it should be. */
typedef struct Expectation
{
	const char *content;
	const char *name;
	const char *value;
} Expectation;

static char *
make_file(const char *content)
{
	char	   *path = psprintf("%s/secrets", scratch_directory());

	scratch_write(path, content, strlen(content));
	return path;
}

static void
load(void *path)
{
	secrets_load(path);
}

/*
 * Loads a file and fails unless the secret has the value; in a process of its
 * own, for a process loads one file only.
 */
static void
load_and_compare(void *argument)
{
	Expectation *expectation = argument;
	const char *value;

	secrets_load(expectation->content == NULL ? NULL : make_file(expectation->content));
	value = secret_get(expectation->name);
	if (expectation->value == NULL && value != NULL)
		fail(FAILURE_STATE, NULL, "there is a value: %s", value);
	if (expectation->value != NULL && (value == NULL || strcmp(value, expectation->value) != 0))
		fail(FAILURE_STATE, NULL, "the value is %s", value == NULL ? "missing" : value);
}

static void
expect_secret(const char *content, const char *name, const char *value)
{
	Expectation expectation = {content, name, value};
	Outcome		outcome = run_apart(load_and_compare, &expectation);

	if (outcome.failed)
		fail_msg("%s in: %s", outcome.message, content);
}

static void
values_are_read_as_a_shell_would(void **state)
{
	expect_secret("A=b", "A", "b");
	expect_secret("A=b\n", "A", "b");
	expect_secret("# comment\n\n  # another\n\t\nA=b\nC=d\n", "C", "d");
	expect_secret("export A=b\n", "A", "b");
	expect_secret("  A=b  \n", "A", "b");
	expect_secret("A=b\r\nC=d\r\n", "A", "b");
	expect_secret("A=\"b c\"\n", "A", "b c");
	expect_secret("A=' b '\n", "A", " b ");
	expect_secret("A='b\"c'\n", "A", "b\"c");
	expect_secret("A=b=c#d e\n", "A", "b=c#d e");
	expect_secret("A=\xC3\xA4\n", "A", "\xC3\xA4");
	expect_secret("A=\nB=c\n", "A", NULL);
	expect_secret("A=\"\"\n", "A", NULL);
	expect_secret("A=b\n", "B", NULL);
	expect_secret("", "A", NULL);
}

static void
the_file_comes_before_the_environment(void **state)
{
	setenv("ERPGO_TEST_SECRET", "environment", 1);
	expect_secret(NULL, "ERPGO_TEST_SECRET", "environment");
	expect_secret("A=b\n", "ERPGO_TEST_SECRET", "environment");
	expect_secret("ERPGO_TEST_SECRET=file\n", "ERPGO_TEST_SECRET", "file");
	assert_true(secret_is_from_environment("ERPGO_TEST_SECRET"));
	setenv("ERPGO_TEST_SECRET", "", 1);
	expect_secret("A=b\n", "ERPGO_TEST_SECRET", NULL);
	assert_false(secret_is_from_environment("ERPGO_TEST_SECRET"));
	unsetenv("ERPGO_TEST_SECRET");
	assert_false(secret_is_from_environment("ERPGO_TEST_SECRET"));
}

static void
lines_that_are_something_else_are_told_by_number_only(void **state)
{
	const char *const lines[] = {
		SECRET, "=" SECRET, "A B=" SECRET, "A =" SECRET, "A-B=" SECRET,
		"A=\"" SECRET, "A=" "'" SECRET "\"", "OK=" SECRET
	};

	for (int i = 0; i < lengthof(lines); i++)
	{
		char	   *path = make_file(psprintf("OK=1\n%s\n", lines[i]));
		Outcome		outcome = run_apart(load, path);

		assert_true(outcome.failed);
		assert_int_equal(outcome.kind, FAILURE_STATE);
		assert_non_null(strstr(outcome.message, "line 2"));
		assert_null(strstr(outcome.message, SECRET));
		assert_null(strstr(outcome.detail, SECRET));
		assert_null(strstr(outcome.hint, SECRET));
	}
}

static void
a_file_open_to_others_is_refused(void **state)
{
	const mode_t refused[] = {0604, 0602, 0601, 0620, 0666, 0777};
	const mode_t accepted[] = {0600, 0400, 0640, 0440};
	char	   *path = make_file("A=b\n");

	for (int i = 0; i < lengthof(refused); i++)
	{
		assert_int_equal(chmod(path, refused[i]), 0);
		expect_failure(FAILURE_PERMISSION, "open to others", load, path);
	}
	for (int i = 0; i < lengthof(accepted); i++)
	{
		assert_int_equal(chmod(path, accepted[i]), 0);
		assert_false(run_apart(load, path).failed);
	}
}

static void
a_file_of_another_user_is_refused(void **state)
{
	char	   *path = make_file("A=b\n");

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(path, 1, 1), 0);
	expect_failure(FAILURE_PERMISSION, "belongs to another user", load, path);
}

static void
what_is_not_a_small_text_file_is_refused(void **state)
{
	char	   *directory = scratch_directory();
	char	   *fifo = psprintf("%s/fifo", directory);
	char	   *path = psprintf("%s/file", directory);
	char	   *large = pg_malloc0(64 * 1024 + 1);

	assert_int_equal(mkfifo(fifo, 0600), 0);
	expect_failure(FAILURE_PERMISSION, "not a regular file", load, fifo);
	expect_failure(FAILURE_PERMISSION, "not a regular file", load, directory);
	expect_failure(FAILURE_UNDEFINED, "could not open secrets file", load, path);
	scratch_write(path, large, 64 * 1024 + 1);
	expect_failure(FAILURE_STATE, "larger than", load, path);
	scratch_write(path, "A=b\0C=d", 7);
	expect_failure(FAILURE_STATE, "zero byte", load, path);
}

static void
expect_no_core(void *argument)
{
	struct rlimit limit;

	secrets_load(NULL);
	if (prctl(PR_GET_DUMPABLE) != 0 || getrlimit(RLIMIT_CORE, &limit) != 0 ||
		limit.rlim_cur != 0)
		fail(FAILURE_STATE, NULL, "a core file could be written");
}

static void
no_core_file_is_written_from_then_on(void **state)
{
	assert_false(run_apart(expect_no_core, NULL).failed);
}

static void
forget_but_one(void *argument)
{
	char	   *kept;

	setenv("BACKUP_ENCRYPTION_KEY", SECRET, 1);
	secrets_load(make_file("METRICS_TOKEN=kept\nSMTP_PASSWORD=" SECRET "\n"));
	kept = secrets_forget_but(SECRET_METRICS_TOKEN);
	if (strcmp(kept, "kept") != 0)
		fail(FAILURE_STATE, NULL, "the token is %s", kept);
	if (secret_get("SMTP_PASSWORD") != NULL || secret_get("BACKUP_ENCRYPTION_KEY") != NULL ||
		secret_get("METRICS_TOKEN") != NULL)
		fail(FAILURE_STATE, NULL, "another secret is still known");
}

static void
all_but_one_can_be_forgotten(void **state)
{
	Outcome		outcome = run_apart(forget_but_one, NULL);

	assert_string_equal(outcome.message, "");
	assert_false(outcome.failed);
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(values_are_read_as_a_shell_would),
		cmocka_unit_test(the_file_comes_before_the_environment),
		cmocka_unit_test(lines_that_are_something_else_are_told_by_number_only),
		cmocka_unit_test(a_file_open_to_others_is_refused),
		cmocka_unit_test(a_file_of_another_user_is_refused),
		cmocka_unit_test(what_is_not_a_small_text_file_is_refused),
		cmocka_unit_test(no_core_file_is_written_from_then_on),
		cmocka_unit_test(all_but_one_can_be_forgotten)
	};

	return cmocka_run_group_tests_name("secrets", cases, NULL, NULL);
}

/*
 * Credentials as files, programs and services have them.
 */
#include "helpers.h"

#include "store/aws_answer.h"
#include "store/aws_credentials.h"
#include "store/aws_ini.h"

static const char ini[] =
"stray = 1\n"
"# comment\n"
"[default]\r\n"
"region = eu-west-1 \r\n"
"# region = commented\n"
"s3 =\n"
"  token = nested\n"
"[ profile   two words ]\n"
"Token=a=b\n"
"empty =\n"
"[default]\n"
"token = late";

static void
settings_are_found_in_their_section(void **state)
{
	assert_string_equal(aws_ini_value(ini, "default", "region"), "eu-west-1");
	assert_string_equal(aws_ini_value(ini, "profile two words", "token"), "a=b");
	assert_string_equal(aws_ini_value(ini, "profile two words", "empty"), "");
	assert_string_equal(aws_ini_value(ini, "default", "token"), "late");
	assert_string_equal(aws_ini_value(ini, "default", "s3"), "");
	assert_null(aws_ini_value(ini, "default", "stray"));
	assert_null(aws_ini_value(ini, "profile two words", "region"));
	assert_null(aws_ini_value(ini, "two words", "token"));
}

static void
sections_are_there_or_not(void **state)
{
	assert_non_null(aws_ini_value(ini, "default", NULL));
	assert_non_null(aws_ini_value(ini, "profile two words", NULL));
	assert_null(aws_ini_value(ini, "profile two", NULL));
	assert_null(aws_ini_value(ini, "profile two words more", NULL));
	assert_null(aws_ini_value("", "default", NULL));
	assert_null(aws_ini_value("[default", "default", NULL));
	assert_null(aws_ini_value("[]", "default", NULL));
}

static void
quotes_keep_words_of_a_command_together(void **state)
{
	char	  **words = aws_words("  /bin/a 'b c'\t\"d \\\" e\"f g\\ h '' '\\'");

	assert_string_equal(words[0], "/bin/a");
	assert_string_equal(words[1], "b c");
	assert_string_equal(words[2], "d \" ef");
	assert_string_equal(words[3], "g h");
	assert_string_equal(words[4], "");
	assert_string_equal(words[5], "\\");
	assert_null(words[6]);
	assert_null(aws_words("a 'b"));
	assert_null(aws_words("  "));
	assert_non_null(aws_words("''"));
}

static void
times_are_read_in_the_forms_that_there_are(void **state)
{
	assert_int_equal(aws_read_time("1970-01-02T00:00:00Z"), 86400);
	assert_int_equal(aws_read_time("1970-01-02T00:00:00.123Z"), 86400);
	assert_int_equal(aws_read_time("1970-01-02T02:00:00+02:00"), 86400);
	assert_int_equal(aws_read_time("1970-01-01T22:30:00.5-01:30"), 86400);
	assert_int_equal(aws_read_time("1970-01-02T00:00:00"), 0);
	assert_int_equal(aws_read_time("tomorrow"), 0);
	assert_int_equal(aws_read_time("1970-01-02T00:00:00 Z"), 0);
	assert_int_equal(aws_read_time(""), 0);
}

static void
credentials_are_read_from_json(void **state)
{
	AwsCredentials found = {0};

	assert_true(aws_read_json("{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b/+=\", \"Token\": \"c\", \"Expiration\": \"1970-01-02T00:00:00Z\"}",
							  "Token", &found));
	assert_string_equal(found.access_key, "a");
	assert_string_equal(found.secret_key, "b/+=");
	assert_string_equal(found.session_token, "c");
	assert_int_equal(found.expires, 86400);
	aws_credentials_clear(&found);
	assert_true(aws_read_json("{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\"}", "Token", &found));
	assert_null(found.session_token);
	assert_int_equal(found.expires, 0);
}

/*
 * What could become a header of its own, or is no credential.
 */
static void
strange_credentials_are_refused(void **state)
{
	static const char *const answers[] = {
		"", "[]", "null", "{}", "{\"AccessKeyId\": \"a\"}",
		"{\"AccessKeyId\": 1, \"SecretAccessKey\": \"b\"}",
		"{\"AccessKeyId\": \"\", \"SecretAccessKey\": \"b\"}",
		"{\"AccessKeyId\": \"a\\r\\nX: y\", \"SecretAccessKey\": \"b\"}",
		"{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\", \"Token\": \"c\\nd\"}",
		"{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\", \"Expiration\": \"soon\"}",
		"{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\"} x",
	};
	AwsCredentials found = {0};

	for (int i = 0; i < lengthof(answers); i++)
	{
		if (aws_read_json(answers[i], "Token", &found))
			fail_msg("taken: %s", answers[i]);
		assert_null(found.access_key);
	}
}

static void
credentials_are_read_from_xml(void **state)
{
	AwsCredentials found = {0};

	assert_true(aws_read_xml("<R><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>"
							 "<SessionToken>c</SessionToken><Expiration>1970-01-02T00:00:00Z</Expiration></Credentials></R>",
							 &found));
	assert_string_equal(found.session_token, "c");
	assert_int_equal(found.expires, 86400);
	aws_credentials_clear(&found);
	assert_false(aws_read_xml("<R><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey></R>", &found));
	assert_false(aws_read_xml("<R><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey></Credentials>", &found));
	assert_null(found.access_key);
}

static void
the_word_for_an_error_is_taken_only_if_it_is_one(void **state)
{
	assert_string_equal(aws_read_error("<E><Error><Code>ExpiredTokenException</Code></Error></E>"), "ExpiredTokenException");
	assert_string_equal(aws_read_error("{\"code\": \"AccessDenied\"}"), "AccessDenied");
	assert_null(aws_read_error("{\"code\": \"a secret, perhaps\"}"));
	assert_null(aws_read_error("{\"code\": \"\"}"));
	assert_null(aws_read_error("no document"));
	assert_null(aws_read_error(""));
}

/* Of the stand-in for secrets file and environment. */
static const char *region_variable;

static const char *
variable(const char *name)
{
	if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0 || strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
		return "given";
	if (region_variable != NULL && strcmp(name, region_variable) == 0)
		return "eu-west-9";
	return strstr(name, "_FILE") != NULL ? "/nonexistent" : NULL;
}

static void
given_keys_are_never_fetched_anew(void **state)
{
	const StoreAccess access = {.variable = variable};

	assert_string_equal(aws_credentials(&access, "r", "s3://b")->access_key, "given");
	assert_false(aws_credentials_expire());
	assert_string_equal(aws_credentials_source(), "secrets file and environment: AWS_ACCESS_KEY_ID");
}

static void
the_region_comes_from_a_variable(void **state)
{
	const StoreAccess access = {.variable = variable};

	assert_null(aws_region(&access));
	region_variable = "AWS_DEFAULT_REGION";
	assert_string_equal(aws_region(&access), "eu-west-9");
	region_variable = "AWS_REGION";
	assert_string_equal(aws_region(&access), "eu-west-9");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_found_in_their_section),
		cmocka_unit_test(sections_are_there_or_not),
		cmocka_unit_test(quotes_keep_words_of_a_command_together),
		cmocka_unit_test(times_are_read_in_the_forms_that_there_are),
		cmocka_unit_test(credentials_are_read_from_json),
		cmocka_unit_test(strange_credentials_are_refused),
		cmocka_unit_test(credentials_are_read_from_xml),
		cmocka_unit_test(the_word_for_an_error_is_taken_only_if_it_is_one),
		cmocka_unit_test(given_keys_are_never_fetched_anew),
		cmocka_unit_test(the_region_comes_from_a_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Why a server did not let us in.
 */
#include "helpers.h"

#include "database/refusal.h"

static void
an_sqlstate_is_found_in_any_language(void **state)
{
	static const char *const messages[] = {
		"connection to server on socket \"/s\" failed: FATAL:  28000: no pg_hba.conf entry\nLOCATION:  x",
		"Verbindung zum Server fehlgeschlagen: SCHWERWIEGEND:  28000: kein Eintrag",
		"\xe8\x87\xb4\xe5\x91\xbd\xe9\x94\x99\xe8\xaf\xaf:  28000: x"
	};
	char		sqlstate[SQLSTATE_SIZE];

	for (int i = 0; i < lengthof(messages); i++)
	{
		assert_true(verbose_message_sqlstate(messages[i], sqlstate));
		assert_string_equal(sqlstate, "28000");
	}
}

static void
a_message_of_libpq_itself_has_no_sqlstate(void **state)
{
	char		sqlstate[SQLSTATE_SIZE];

	assert_false(verbose_message_sqlstate("could not connect: Connection refused", sqlstate));
	assert_false(verbose_message_sqlstate("FATAL:  2800: x", sqlstate));
	assert_false(verbose_message_sqlstate("FATAL:  280000: x", sqlstate));
	assert_false(verbose_message_sqlstate("FATAL:  28p01: x", sqlstate));
	assert_false(verbose_message_sqlstate("FATAL:  28000", sqlstate));
	assert_false(verbose_message_sqlstate("", sqlstate));
}

static void
an_sqlstate_tells_the_kind_of_the_failure(void **state)
{
	assert_int_equal(sqlstate_failure_kind("28P01", FAILURE_PROGRAM), FAILURE_PERMISSION);
	assert_int_equal(sqlstate_failure_kind("42501", FAILURE_PROGRAM), FAILURE_PERMISSION);
	assert_int_equal(sqlstate_failure_kind("3D000", FAILURE_PROGRAM), FAILURE_UNDEFINED);
	assert_int_equal(sqlstate_failure_kind("57P03", FAILURE_PROGRAM), FAILURE_CONNECTION);
	assert_int_equal(sqlstate_failure_kind("57014", FAILURE_PROGRAM), FAILURE_TIMEOUT);
	assert_int_equal(sqlstate_failure_kind("42P01", FAILURE_PROGRAM), FAILURE_PROGRAM);
	assert_int_equal(sqlstate_failure_kind(NULL, FAILURE_CONNECTION), FAILURE_CONNECTION);
}

static void
the_hint_is_the_line_to_add(void **state)
{
	assert_non_null(strstr(hba_hint("postgres", "/run/postgresql", "postgres"),
						   "\nlocal   all   postgres   peer\n"));
	assert_non_null(strstr(hba_hint("postgres", NULL, "postgres"),
						   "\nlocal   all   postgres   peer\n"));
	assert_non_null(strstr(hba_hint("dumper", "", "postgres"),
						   "\nlocal   all   dumper   scram-sha-256\n"));
	assert_non_null(strstr(hba_hint("postgres", "db.example.com", "postgres"),
						   "\nhost   all   postgres   samehost   scram-sha-256\n"));
}

static void
a_name_that_pg_hba_conf_would_misread_is_quoted_in_the_hint(void **state)
{
	assert_non_null(strstr(hba_hint("My Role", NULL, "postgres"), "all   \"My Role\"   "));
	assert_non_null(strstr(hba_hint("all", NULL, "postgres"), "all   \"all\"   "));
	assert_non_null(strstr(hba_hint("+staff", NULL, "postgres"), "all   \"+staff\"   "));
}

static void
the_hint_names_setting_and_secret(void **state)
{
	const char *hint = hba_hint("postgres", NULL, "postgres");

	assert_non_null(strstr(hint, "erpgo_backup.connection"));
	assert_non_null(strstr(hint, "POSTGRES_PASSWORD"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_sqlstate_is_found_in_any_language),
		cmocka_unit_test(a_message_of_libpq_itself_has_no_sqlstate),
		cmocka_unit_test(an_sqlstate_tells_the_kind_of_the_failure),
		cmocka_unit_test(the_hint_is_the_line_to_add),
		cmocka_unit_test(a_name_that_pg_hba_conf_would_misread_is_quoted_in_the_hint),
		cmocka_unit_test(the_hint_names_setting_and_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Connection strings.
 */
#include "helpers.h"

#include "database/connection.h"

static const ServerAddress local_server = {
	.socket_directory = "/run/my sockets",
	.port = 5433,
	.user = "O'Neil \\ \"admin\"",
	.application_name = "erpgo_backup 20261122T180000Z-full"
};

/*
 * What libpq understands under a keyword; NULL if it is not set.
 */
static const char *
understood(const char *conninfo, const char *keyword)
{
	char	   *problem = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &problem);

	if (options == NULL)
		fail_msg("libpq does not understand %s: %s", conninfo, problem);
	for (PQconninfoOption *option = options; option->keyword != NULL; option++)
	{
		if (strcmp(option->keyword, keyword) == 0)
			return option->val;
	}
	return NULL;
}

static void
every_name_of_a_database_reaches_libpq_unchanged(void **state)
{
	static const char *const names[] = {
		"erp", "with space", "it's", "back\\slash", "\\'", "\"quoted\"", "new\nline",
		"\xc3\xa4\xe2\x82\xac", "a=b host=evil", "postgresql://evil/", "", "%00", "'"
	};

	for (int i = 0; i < lengthof(names); i++)
		assert_string_equal(understood(server_conninfo(&local_server, names[i]), "dbname"),
							names[i]);
}

static void
without_an_explicit_string_the_socket_of_the_server_is_used(void **state)
{
	char	   *conninfo = server_conninfo(&local_server, "erp");

	assert_string_equal(understood(conninfo, "host"), "/run/my sockets");
	assert_string_equal(understood(conninfo, "port"), "5433");
	assert_string_equal(understood(conninfo, "user"), "O'Neil \\ \"admin\"");
	assert_string_equal(understood(conninfo, "application_name"),
						"erpgo_backup 20261122T180000Z-full");
}

static void
an_explicit_string_wins_but_for_database_and_application(void **state)
{
	ServerAddress address = local_server;
	char	   *conninfo;

	address.conninfo = "host=db.example.com user=dumper sslmode=require dbname=other application_name=x";
	conninfo = server_conninfo(&address, "erp");
	assert_string_equal(understood(conninfo, "host"), "db.example.com");
	assert_string_equal(understood(conninfo, "user"), "dumper");
	assert_string_equal(understood(conninfo, "sslmode"), "require");
	assert_string_equal(understood(conninfo, "port"), "5433");
	assert_string_equal(understood(conninfo, "dbname"), "erp");
	assert_string_equal(understood(conninfo, "application_name"),
						"erpgo_backup 20261122T180000Z-full");
}

static void
an_explicit_string_may_be_a_uri(void **state)
{
	ServerAddress address = local_server;
	char	   *conninfo;

	address.conninfo = "postgresql://dumper@db.example.com:6000/other?sslmode=verify-full";
	conninfo = server_conninfo(&address, "erp");
	assert_string_equal(understood(conninfo, "host"), "db.example.com");
	assert_string_equal(understood(conninfo, "port"), "6000");
	assert_string_equal(understood(conninfo, "sslmode"), "verify-full");
	assert_string_equal(understood(conninfo, "dbname"), "erp");
}

static void
an_address_in_the_explicit_string_replaces_the_socket(void **state)
{
	ServerAddress address = local_server;

	address.conninfo = "hostaddr=192.0.2.1";
	assert_null(understood(server_conninfo(&address, "erp"), "host"));
}

static void
what_a_service_may_set_is_left_to_it(void **state)
{
	ServerAddress address = local_server;
	char	   *conninfo;

	address.conninfo = "service=backup";
	conninfo = server_conninfo(&address, "erp");
	assert_null(understood(conninfo, "host"));
	assert_null(understood(conninfo, "port"));
	assert_null(understood(conninfo, "user"));
	assert_string_equal(understood(conninfo, "service"), "backup");
}

static void
make_server_conninfo(void *argument)
{
	ServerAddress address = local_server;

	address.conninfo = argument;
	server_conninfo(&address, "erp");
}

static void
a_password_in_the_string_is_refused_without_repeating_it(void **state)
{
	static char *const strings[] = {
		"password=geheim", "postgresql://a:geheim@h/", "sslpassword=geheim"
	};

	for (int i = 0; i < lengthof(strings); i++)
	{
		Outcome		outcome = run_apart(make_server_conninfo, strings[i]);

		assert_int_equal(outcome.kind, FAILURE_USAGE);
		assert_non_null(strstr(outcome.message, "must not contain"));
		assert_null(strstr(outcome.message, "geheim"));
		assert_non_null(strstr(outcome.hint, "POSTGRES_PASSWORD"));
	}
}

static void
a_malformed_string_is_refused(void **state)
{
	expect_failure(FAILURE_USAGE, "connection string is malformed: missing \"=\"",
				   make_server_conninfo, "host db.example.com");
	expect_failure(FAILURE_USAGE, "connection string is malformed",
				   make_server_conninfo, "nosuchoption=1");
}

static void
a_string_of_a_user_gets_another_database(void **state)
{
	char	   *conninfo = conninfo_with_database("host=/tmp dbname=a application_name=b",
												  "it's", "erpgo_backup");

	assert_string_equal(understood(conninfo, "host"), "/tmp");
	assert_string_equal(understood(conninfo, "dbname"), "it's");
	assert_string_equal(understood(conninfo, "application_name"), "erpgo_backup");
	assert_null(understood(conninfo, "port"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_of_a_database_reaches_libpq_unchanged),
		cmocka_unit_test(without_an_explicit_string_the_socket_of_the_server_is_used),
		cmocka_unit_test(an_explicit_string_wins_but_for_database_and_application),
		cmocka_unit_test(an_explicit_string_may_be_a_uri),
		cmocka_unit_test(an_address_in_the_explicit_string_replaces_the_socket),
		cmocka_unit_test(what_a_service_may_set_is_left_to_it),
		cmocka_unit_test(a_password_in_the_string_is_refused_without_repeating_it),
		cmocka_unit_test(a_malformed_string_is_refused),
		cmocka_unit_test(a_string_of_a_user_gets_another_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

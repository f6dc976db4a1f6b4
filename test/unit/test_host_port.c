/*
 * Hosts and ports, as settings and HTTP have them.
 */
#include "helpers.h"

#include "common/host_port.h"

static void
addresses_are_a_host_and_a_port(void **state)
{
	static const char *const cases[][3] = {
		{"127.0.0.1:9187", "127.0.0.1", "9187"},
		{"9187", "127.0.0.1", "9187"},
		{"localhost:1", "localhost", "1"},
		{"db-1.example.com:65535", "db-1.example.com", "65535"},
		{"0.0.0.0:9187", "0.0.0.0", "9187"},
		{"[::1]:9187", "::1", "9187"},
		{"[::]:9187", "::", "9187"},
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		ListenAddress address;
		const char *problem;

		assert_true(listen_address_parse(cases[i][0], &address, &problem));
		assert_string_equal(address.host, cases[i][1]);
		assert_string_equal(address.port, cases[i][2]);
	}
}

static void
other_addresses_are_refused_with_what_would_be_valid(void **state)
{
	static const char *const wrong[] = {
		"", "localhost", "0", "65536", "999999999999", "-1", "+1", " 9187", "9187 ", "80x",
		":9187", "localhost:", "localhost:0", "a b:9187", "a:b:9187", "::1:9187", "[::1]", "[::1]9187",
		"[]:9187", "[localhost]:9187", "[127.0.0.1]:9187", "[::1:9187", "http://localhost:9187",
		"user@localhost:9187", "*:9187", "localhost:9187/metrics", "\xc3\xa4:1",
	};

	for (int i = 0; i < lengthof(wrong); i++)
	{
		ListenAddress address;
		const char *problem = NULL;

		if (listen_address_parse(wrong[i], &address, &problem))
			fail_msg("\"%s\" was taken for an address", wrong[i]);
		assert_int_equal(problem[strlen(problem) - 1], '.');
	}
}

static void
a_host_may_be_as_long_as_the_dns_allows(void **state)
{
	char		long_one[HOST_SIZE + 10];
	ListenAddress address;
	const char *problem;

	memset(long_one, 'a', HOST_SIZE);
	strcpy(long_one + HOST_SIZE - 1, ":1");
	assert_true(listen_address_parse(long_one, &address, &problem));
	memset(long_one, 'a', HOST_SIZE);
	strcpy(long_one + HOST_SIZE, ":1");
	assert_false(listen_address_parse(long_one, &address, &problem));
}

static void
clients_may_leave_out_the_port(void **state)
{
	static const char *const cases[][2] = {
		{"localhost", "localhost"}, {"localhost:80", "localhost"}, {"[::1]", "::1"}, {"[::1]:80", "::1"},
	};
	static const char *const wrong[] = {
		"", ":80", "localhost:", "localhost:x", "localhost, evil", "localhost evil", "a/b", "user@localhost", "::1", "[::1]x",
	};
	char		host[HOST_SIZE];

	for (int i = 0; i < lengthof(cases); i++)
	{
		assert_true(host_header_parse(cases[i][0], host));
		assert_string_equal(host, cases[i][1]);
	}
	for (int i = 0; i < lengthof(wrong); i++)
		assert_false(host_header_parse(wrong[i], host));
}

static void
only_this_machine_is_loopback(void **state)
{
	static const char *const here[] = {
		"localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "0:0:0:0:0:0:0:1"
	};
	static const char *const elsewhere[] = {
		"localhost.example.com", "127.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0", "::", "::2", "[::2]", ""
	};

	for (int i = 0; i < lengthof(here); i++)
		assert_true(host_is_loopback(here[i]));
	for (int i = 0; i < lengthof(elsewhere); i++)
		assert_false(host_is_loopback(elsewhere[i]));
}

static void
what_looks_like_an_address_may_be_a_name(void **state)
{
	assert_true(host_is_numeric("10.0.0.1"));
	assert_true(host_is_numeric("fe80::1"));
	assert_false(host_is_numeric("10.0.0.1.example.com"));
	assert_false(host_is_numeric("10.0.1"));
	assert_false(host_is_numeric("1"));
	assert_false(host_is_numeric("0x7f000001"));
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(addresses_are_a_host_and_a_port),
		cmocka_unit_test(other_addresses_are_refused_with_what_would_be_valid),
		cmocka_unit_test(a_host_may_be_as_long_as_the_dns_allows),
		cmocka_unit_test(clients_may_leave_out_the_port),
		cmocka_unit_test(only_this_machine_is_loopback),
		cmocka_unit_test(what_looks_like_an_address_may_be_a_name)
	};

	return cmocka_run_group_tests_name("host_port", cases, NULL, NULL);
}

/*
 * Keys: wrapping them, and the ones that a repository holds.
 */
#include "helpers.h"
#include "example.h"
#include "scratch.h"

#include <jansson.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "repository/manifest.h"
#include "repository/record.h"

#define OPENSSL "/usr/bin/openssl"
#define PREFIX "main/"

/* A store, and how to ask it for a key. */
typedef struct Request
{
	Store	   *store;
	const char *id;
	const char *master;
	bool		create;
} Request;

static char *directory;

static int
open_store(void **state)
{
	directory = scratch_directory();
	*state = store_open(directory, false);
	return 0;
}

static int
close_store(void **state)
{
	store_close(*state);
	return 0;
}

static void
the_hmac_is_the_one_of_rfc_4231(void **state)
{
	const char *data = "what do ya want for nothing?";
	char		hex[SHA256_HEX_SIZE];

	hmac_sha256_hex("Jefe", 4, data, strlen(data), hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void
the_digest_is_sha_256(void **state)
{
	char		hex[SHA256_HEX_SIZE];

	sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
generated_keys_are_64_digits_and_differ(void **state)
{
	char		a[KEY_HEX_SIZE];
	char		b[KEY_HEX_SIZE];

	key_generate(a);
	key_generate(b);
	assert_true(hex_is_valid(a, 64));
	assert_string_not_equal(a, b);
}

static void
only_lower_case_digits_of_the_right_number_are_hexadecimal(void **state)
{
	assert_true(hex_is_valid("0123456789abcdef", 16));
	assert_false(hex_is_valid("0123456789abcde", 16));
	assert_false(hex_is_valid("0123456789abcdef0", 16));
	assert_false(hex_is_valid("0123456789ABCDEF", 16));
	assert_false(hex_is_valid("0123456789abcdeg", 16));
}

static void
texts_are_equal_only_as_a_whole(void **state)
{
	assert_true(constant_time_equal("abc", "abc"));
	assert_false(constant_time_equal("abc", "abd"));
	assert_false(constant_time_equal("abc", "ab"));
	assert_false(constant_time_equal("ab", "abc"));
	assert_true(constant_time_equal("", ""));
}

/*
 * The wrapped key in the text of an example.
 */
static WrappedKey
example_wrapped(const char *content, const char *member)
{
	json_t	   *json = record_parse(content);
	WrappedKey	wrapped;

	assert_non_null(json);
	assert_true(record_get_wrapped_key(member == NULL ? json :
									   json_object_get(json, member),
									   &wrapped));
	json_decref(json);
	return wrapped;
}

static void
the_keys_of_the_example_are_unwrapped(void **state)
{
	WrappedKey	cluster_key = example_wrapped(EXAMPLE_KEY, NULL);
	WrappedKey	data_key = example_wrapped(EXAMPLE_MANIFEST, "data_key");
	char		key[KEY_HEX_SIZE];
	char		id[KEY_ID_SIZE];

	assert_true(key_unwrap(&cluster_key, EXAMPLE_MASTER_KEY, key));
	assert_string_equal(key, EXAMPLE_CLUSTER_KEY);
	key_id(key, id);
	assert_string_equal(id, EXAMPLE_CLUSTER_KEY_ID);
	assert_true(key_unwrap(&data_key, EXAMPLE_CLUSTER_KEY, key));
	assert_string_equal(key, EXAMPLE_DATA_KEY);
}

static void
a_wrapped_key_is_unwrapped_by_its_passphrase_only(void **state)
{
	WrappedKey	wrapped = key_wrap(EXAMPLE_DATA_KEY, "passphrase", 1);
	char		key[KEY_HEX_SIZE];

	assert_true(key_unwrap(&wrapped, "passphrase", key));
	assert_string_equal(key, EXAMPLE_DATA_KEY);
	assert_false(key_unwrap(&wrapped, "passphrasf", key));
	assert_false(key_unwrap(&wrapped, "passphrase ", key));
	assert_false(key_unwrap(&wrapped, "", key));
	wrapped.iterations = 2;
	assert_false(key_unwrap(&wrapped, "passphrase", key));
}

static void
no_changed_character_of_a_wrapped_key_is_accepted(void **state)
{
	WrappedKey	wrapped = key_wrap(EXAMPLE_DATA_KEY, "passphrase", 1);
	char		key[KEY_HEX_SIZE];

	for (char *at = wrapped.wrapped; *at != '\0'; at++)
	{
		*at ^= 1;
		assert_false(key_unwrap(&wrapped, "passphrase", key));
		*at ^= 1;
	}
	wrapped.wrapped[100] = '\0';
	assert_false(key_unwrap(&wrapped, "passphrase", key));
}

static void
a_key_is_wrapped_differently_each_time(void **state)
{
	WrappedKey	a = key_wrap(EXAMPLE_DATA_KEY, "passphrase", 1);
	WrappedKey	b = key_wrap(EXAMPLE_DATA_KEY, "passphrase", 1);

	assert_string_not_equal(a.wrapped, b.wrapped);
	assert_string_not_equal(a.hmac, b.hmac);
}

static void
openssl_unwraps_a_key(void **state)
{
	const char *passphrase = "a pass phrase, 'quoted' \"twice\" \xC3\xA9";
	WrappedKey	wrapped = key_wrap(EXAMPLE_DATA_KEY, passphrase, 1000);
	char	   *file = psprintf("%s/passphrase", directory);
	const char *const argv[] = {
		OPENSSL, "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-iter", "1000",
		"-md", "sha256", "-a", "-A", "-pass", psprintf("file:%s", file), NULL
	};
	Bytes		output;

	scratch_write(file, passphrase, strlen(passphrase));
	output = run_filter(argv, wrapped.wrapped, strlen(wrapped.wrapped));
	assert_string_equal(output.data, EXAMPLE_DATA_KEY);
}

static void
openssl_wraps_a_key_to_the_same_form(void **state)
{
	char	   *file = psprintf("%s/passphrase", directory);
	const char *const argv[] = {
		OPENSSL, "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "1000",
		"-md", "sha256", "-a", "-A", "-pass", psprintf("file:%s", file), NULL
	};
	WrappedKey	wrapped = key_wrap(EXAMPLE_DATA_KEY, "passphrase", 1000);
	Bytes		output;

	scratch_write(file, "passphrase", strlen("passphrase"));
	output = run_filter(argv, EXAMPLE_DATA_KEY, strlen(EXAMPLE_DATA_KEY));
	assert_int_equal(output.len, strlen(wrapped.wrapped));
}

static void
a_master_key_is_derived_once_only(void **state)
{
	WrappedKey	wrapped = key_wrap(EXAMPLE_CLUSTER_KEY, "master", PASSPHRASE_ITERATIONS);
	char		key[KEY_HEX_SIZE];
	clock_t		start = clock();

	for (int i = 0; i < 1000; i++)
		assert_true(key_unwrap(&wrapped, "master", key));
	assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
}

static void
a_random_master_key_needs_no_slow_derivation_and_a_passphrase_does(void **state)
{
	assert_int_equal(master_key_iterations("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"), 1);
	assert_int_equal(master_key_iterations("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"), 600000);
	assert_int_equal(master_key_iterations("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg"), 600000);
	assert_int_equal(master_key_iterations("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"), 600000);
	assert_int_equal(master_key_iterations(""), 600000);
}

static void
a_cluster_key_is_made_once_and_found_again(void **state)
{
	ClusterKey	made;
	ClusterKey	found;

	assert_false(cluster_has_keys(*state, PREFIX));
	made = cluster_key_current(*state, PREFIX, "master", true);
	assert_true(cluster_has_keys(*state, PREFIX));
	found = cluster_key_current(*state, PREFIX, "master", true);
	assert_string_equal(found.key, made.key);
	assert_string_equal(found.id, made.id);
	assert_int_equal(scratch_count_files(directory), 1);
	found = cluster_key_open(*state, PREFIX, made.id, "master", "manifest");
	assert_string_equal(found.key, made.key);
}

static void
ask_for_current(void *argument)
{
	Request    *request = argument;

	cluster_key_current(request->store, PREFIX, request->master, request->create);
}

static void
ask_for_named(void *argument)
{
	Request    *request = argument;

	cluster_key_open(request->store, PREFIX, request->id, request->master,
					 "main/backup/x/manifest.json");
}

static void
a_wrong_or_missing_master_key_is_told(void **state)
{
	ClusterKey	made = cluster_key_current(*state, PREFIX, "master", true);
	char	   *long_key = psprintf("%01001d", 1);
	Request		wrong = {*state, made.id, "monster", true};
	Request		missing = {*state, made.id, NULL, true};
	Request		too_long = {*state, made.id, long_key, true};

	expect_failure(FAILURE_KEY, "does not open the keys", ask_for_current, &wrong);
	expect_failure(FAILURE_KEY, "does not open the keys", ask_for_named, &wrong);
	expect_failure(FAILURE_KEY, "no encryption key is given", ask_for_current, &missing);
	expect_failure(FAILURE_KEY, "no encryption key is given", ask_for_named, &missing);
	expect_failure(FAILURE_KEY, "longer than", ask_for_current, &too_long);
}

static void
without_leave_no_cluster_key_is_made(void **state)
{
	Request		request = {*state, NULL, "master", false};

	expect_failure(FAILURE_KEY, "does not open", ask_for_current, &request);
	assert_int_equal(scratch_count_files(directory), 0);
}

static void
a_cluster_key_that_is_gone_is_damage(void **state)
{
	Request		request = {*state, "0123456789abcdef", "master", false};

	cluster_key_current(*state, PREFIX, "master", true);
	expect_failure(FAILURE_DAMAGED, "manifest.json", ask_for_named, &request);
}

/*
 * Stores a wrapping of a cluster key.
 */
static void
put_key_object(Store *store, const char *name, const char *created_at,
			   const char *key, const char *master)
{
	WrappedKey	wrapped = key_wrap(key, master, 1);
	char		id[KEY_ID_SIZE];
	json_t	   *json;

	key_id(key, id);
	json = json_pack("{s:i, s:s, s:s}", "format", 1, "cluster_key", id,
					 "created_at", created_at);
	record_set_wrapped_key(json, &wrapped);
	store_put_text(store, name, record_format(json, NULL, "key"), PUT_NEW);
}

static void
of_several_keys_the_newest_that_opens_is_used(void **state)
{
	ClusterKey	found;
	char		id[KEY_ID_SIZE];

	put_key_object(*state, "main/key/a.json", "2026-01-01T00:00:00.000Z", EXAMPLE_CLUSTER_KEY, "master");
	put_key_object(*state, "main/key/b.json", "2026-02-01T00:00:00.000Z", EXAMPLE_DATA_KEY, "master");
	put_key_object(*state, "main/key/c.json", "2026-03-01T00:00:00.000Z", EXAMPLE_DATA_KEY, "new master");
	found = cluster_key_current(*state, PREFIX, "master", true);
	assert_string_equal(found.key, EXAMPLE_DATA_KEY);
	key_id(EXAMPLE_CLUSTER_KEY, id);
	found = cluster_key_open(*state, PREFIX, id, "master", "manifest");
	assert_string_equal(found.key, EXAMPLE_CLUSTER_KEY);
	found = cluster_key_current(*state, PREFIX, "new master", true);
	assert_string_equal(found.key, EXAMPLE_DATA_KEY);
	cluster_keys_prepare(*state, PREFIX, "master");
}

static void
each_damaged_byte_of_a_key_object_is_told(void **state)
{
	Request		request = {*state, EXAMPLE_CLUSTER_KEY_ID, "master", true};
	char	   *path = psprintf("%s/main/key/a.json", directory);
	char	   *content;
	size_t		len;

	put_key_object(*state, "main/key/a.json", "2026-01-01T00:00:00.000Z", EXAMPLE_CLUSTER_KEY, "master");
	content = scratch_read(path, &len);
	for (size_t i = 0; i < len; i++)
	{
		char		flipped = 1 << random_below(8);

		content[i] ^= flipped;
		scratch_write(path, content, len);
		expect_failure(FAILURE_DAMAGED, "main/key/a.json", ask_for_named, &request);
		content[i] ^= flipped;
	}
	scratch_write(path, "", 0);
	expect_failure(FAILURE_DAMAGED, "main/key/a.json", ask_for_named, &request);
	cluster_keys_prepare(*state, PREFIX, "master");
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, open_store, close_store)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(the_hmac_is_the_one_of_rfc_4231),
		cmocka_unit_test(the_digest_is_sha_256),
		cmocka_unit_test(generated_keys_are_64_digits_and_differ),
		cmocka_unit_test(only_lower_case_digits_of_the_right_number_are_hexadecimal),
		cmocka_unit_test(texts_are_equal_only_as_a_whole),
		cmocka_unit_test(the_keys_of_the_example_are_unwrapped),
		cmocka_unit_test(a_wrapped_key_is_unwrapped_by_its_passphrase_only),
		cmocka_unit_test(no_changed_character_of_a_wrapped_key_is_accepted),
		cmocka_unit_test(a_key_is_wrapped_differently_each_time),
		CASE(openssl_unwraps_a_key),
		CASE(openssl_wraps_a_key_to_the_same_form),
		cmocka_unit_test(a_master_key_is_derived_once_only),
		cmocka_unit_test(a_random_master_key_needs_no_slow_derivation_and_a_passphrase_does),
		CASE(a_cluster_key_is_made_once_and_found_again),
		CASE(a_wrong_or_missing_master_key_is_told),
		CASE(without_leave_no_cluster_key_is_made),
		CASE(a_cluster_key_that_is_gone_is_damage),
		CASE(of_several_keys_the_newest_that_opens_is_used),
		CASE(each_damaged_byte_of_a_key_object_is_told)
	};

	return cmocka_run_group_tests_name("keys", cases, NULL, NULL);
}

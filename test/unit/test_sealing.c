/*
 * Write-only mode: keys in pairs, signed records, seals.
 */
#include "helpers.h"
#include "scratch.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/record.h"
#include "repository/sealing.h"
#include "repository/signing_key.h"

#define PREFIX "main/"
#define OPENSSL "/usr/bin/openssl"
#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* Of RFC 8032, section 7.1, test 1. */
#define RFC_SIGNING_KEY "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define RFC_PUBLIC_KEY "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

/* What is before the bytes of a public key of Ed25519 in DER. */
#define DER_HEAD "302a300506032b6570032100"

static char *directory;
static char *private_path;
static char *public_path;

/*
 * Runs a command of openssl, which must succeed.
 */
static void
openssl(const char *arguments)
{
	assert_int_equal(system(psprintf("umask 077; " OPENSSL " %s 2>/dev/null", arguments)), 0);
}

static int
make_pair(void **state)
{
	directory = scratch_directory();
	private_path = psprintf("%s/private.pem", directory);
	public_path = psprintf("%s/public.pem", directory);
	openssl(psprintf("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out %s", private_path));
	openssl(psprintf("pkey -in %s -pubout -out %s", private_path, public_path));
	return 0;
}

static void
read_public(void *path)
{
	rsa_public_read(path);
}

static void
read_private(void *path)
{
	rsa_private_read(path);
}

static void
a_key_is_unwrapped_by_the_private_key_and_by_openssl(void **state)
{
	RsaKey	   *public = rsa_public_read(public_path);
	RsaKey	   *private = rsa_private_read(private_path);
	unsigned char wrapped[RSA_BYTES_MAX];
	char		digits[KEY_HEX_SIZE];
	char	   *base64;
	char	   *path = psprintf("%s/wrapped", directory);
	size_t		len;

	assert_string_equal(public->fingerprint, private->fingerprint);
	rsa_wrap(public, DIGITS, wrapped);
	assert_true(rsa_unwrap(private, wrapped, public->size, digits));
	assert_string_equal(digits, DIGITS);
	base64 = rsa_wrap_base64(public, DIGITS);
	assert_true(rsa_unwrap_base64(private, base64, digits));
	scratch_write(path, wrapped, public->size);
	openssl(psprintf("pkeyutl -decrypt -inkey %s -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -in %s -out %s.plain",
					 private_path, path, path));
	assert_string_equal(scratch_read(psprintf("%s.plain", path), &len), DIGITS);
}

static void
no_changed_byte_of_a_wrapped_key_is_accepted(void **state)
{
	RsaKey	   *private = rsa_private_read(private_path);
	unsigned char wrapped[RSA_BYTES_MAX];
	char		digits[KEY_HEX_SIZE];

	rsa_wrap(private, DIGITS, wrapped);
	for (size_t i = 0; i < private->size; i += 37)
	{
		wrapped[i] ^= 1;
		assert_false(rsa_unwrap(private, wrapped, private->size, digits));
		wrapped[i] ^= 1;
	}
	assert_false(rsa_unwrap(private, wrapped, private->size - 1, digits));
	assert_false(rsa_unwrap_base64(private, "", digits));
	assert_false(rsa_unwrap_base64(private, "not base64", digits));
}

static void
what_is_no_key_of_enough_bits_is_refused(void **state)
{
	char	   *path = psprintf("%s/small", directory);

	openssl(psprintf("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out %s", path));
	expect_failure(FAILURE_KEY, "does not hold an RSA key of 3072 to", read_private, path);
	openssl(psprintf("genpkey -algorithm ED25519 -out %s", path));
	expect_failure(FAILURE_KEY, "does not hold an RSA key", read_private, path);
	expect_failure(FAILURE_KEY, "does not hold such a key", read_public, private_path);
	expect_failure(FAILURE_KEY, "does not hold such a key", read_private, public_path);
	openssl(psprintf("pkey -in %s -aes256 -passout pass:secret -out %s", private_path, path));
	expect_failure(FAILURE_KEY, "does not hold such a key", read_private, path);
}

static void
files_of_keys_that_others_could_change_or_read_are_refused(void **state)
{
	assert_int_equal(chmod(public_path, 0666), 0);
	expect_failure(FAILURE_PERMISSION, "can be written by others", read_public, public_path);
	assert_int_equal(chmod(public_path, 0644), 0);
	read_public(public_path);
	assert_int_equal(chmod(private_path, 0644), 0);
	expect_failure(FAILURE_PERMISSION, "open to others", read_private, private_path);
	assert_int_equal(chmod(private_path, 0600), 0);
}

static void
the_signing_key_is_the_one_of_rfc_8032(void **state)
{
	char		public[KEY_HEX_SIZE];

	signing_public(RFC_SIGNING_KEY, public);
	assert_string_equal(public, RFC_PUBLIC_KEY);
}

static void
a_signed_record_is_read_and_no_changed_byte_of_it_is(void **state)
{
	char	   *content = record_format_signed(json_pack("{s:i, s:s}", "format", 1, "value", "x"),
											   RFC_SIGNING_KEY, "event");
	char		signer[KEY_HEX_SIZE];
	size_t		len = strlen(content);

	assert_true(record_is_signed(content));
	assert_non_null(record_authenticate_signed(content, "event", signer));
	assert_string_equal(signer, RFC_PUBLIC_KEY);
	assert_null(record_authenticate_signed(content, "manifest", signer));
	for (size_t i = 0; i < len; i++)
	{
		content[i] ^= 1;
		assert_null(record_authenticate_signed(content, "event", signer));
		content[i] ^= 1;
	}
	assert_null(record_authenticate_signed(psprintf("%s ", content), "event", signer));
	assert_null(record_authenticate_signed("", "event", signer));
	assert_null(record_authenticate_signed("{\n\"ed25519\": \"\"}\n", "event", signer));
	content[len - 1] = '\0';
	assert_null(record_authenticate_signed(content, "event", signer));
}

/*
 * Writes the bytes that hexadecimal digits stand for to a file.
 */
static void
write_bytes(const char *path, const char *hex)
{
	size_t		len = strlen(hex) / 2;
	char	   *bytes = pg_malloc(len);

	for (size_t i = 0; i < len; i++)
	{
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		bytes[i] = (char) byte;
	}
	scratch_write(path, bytes, len);
}

static void
openssl_checks_a_signature(void **state)
{
	const char *content = "erpgo_backup manifest x";
	char		signature[SIGNATURE_HEX_SIZE];
	char	   *path = psprintf("%s/signed", directory);

	sign_text(RFC_SIGNING_KEY, content, signature);
	assert_true(signature_check(RFC_PUBLIC_KEY, content, signature));
	assert_false(signature_check(RFC_PUBLIC_KEY, "erpgo_backup manifest y", signature));
	scratch_write(path, content, strlen(content));
	write_bytes(psprintf("%s/signature", directory), signature);
	write_bytes(psprintf("%s/signer", directory), DER_HEAD RFC_PUBLIC_KEY);
	openssl(psprintf("pkeyutl -verify -pubin -keyform DER -inkey %s/signer -rawin -in %s -sigfile %s/signature >/dev/null",
					 directory, path, directory));
}

static void
a_seal_is_made_once_and_opened_by_either_side(void **state)
{
	char	   *folder = scratch_directory();
	Store	   *store = store_open(scratch_directory(), false);
	const Seal *seal;
	char		by_server[KEY_HEX_SIZE];
	char		by_holder[KEY_HEX_SIZE];
	Seals		all;

	sealing_configure(public_path, folder);
	assert_true(sealing_is_on());
	seal = seal_current(store, PREFIX);
	assert_string_equal(seal_current(store, PREFIX)->id, seal->id);
	seal_name_key(seal, by_server);
	all = seals_read(store, PREFIX);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.damaged, 0);
	assert_true(signer_is_known(store, PREFIX, seal->signer));
	assert_false(signer_is_known(store, PREFIX, RFC_PUBLIC_KEY));

	assert_false(seal_unwrap(seal, seal->wrapped, "a test", by_holder));
	setenv(SECRET_PRIVATE_KEY_FILE, private_path, 1);
	assert_true(seal_unwrap(seal, seal->wrapped, "a test", by_holder));
	assert_string_equal(by_holder, by_server);
	unsetenv(SECRET_PRIVATE_KEY_FILE);
	store_close(store);
}

static void
a_signing_key_is_made_once(void **state)
{
	char	   *folder = scratch_directory();
	char	   *key;
	struct stat status;

	assert_null(signing_key_read(folder));
	key = signing_key_make(folder);
	assert_string_equal(signing_key_make(folder), key);
	assert_string_equal(signing_key_read(folder), key);
	assert_int_equal(scratch_count_files(folder), 1);
	assert_int_equal(stat(psprintf("%s/" SIGNING_KEY_FILE, folder), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(a_key_is_unwrapped_by_the_private_key_and_by_openssl),
		cmocka_unit_test(no_changed_byte_of_a_wrapped_key_is_accepted),
		cmocka_unit_test(what_is_no_key_of_enough_bits_is_refused),
		cmocka_unit_test(files_of_keys_that_others_could_change_or_read_are_refused),
		cmocka_unit_test(the_signing_key_is_the_one_of_rfc_8032),
		cmocka_unit_test(a_signed_record_is_read_and_no_changed_byte_of_it_is),
		cmocka_unit_test(openssl_checks_a_signature),
		cmocka_unit_test(a_seal_is_made_once_and_opened_by_either_side),
		cmocka_unit_test(a_signing_key_is_made_once)
	};

	return cmocka_run_group_tests_name("sealing", cases, make_pair, NULL);
}

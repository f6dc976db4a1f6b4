/*
 * Words for the ways to encrypt.
 */
#include "helpers.h"

#include "common/encryption.h"

static void
every_cipher_is_read_by_its_name(void **state)
{
	for (Cipher cipher = CIPHER_NONE; cipher <= CIPHER_AES_256_CTR; cipher++)
	{
		Cipher		parsed;

		assert_true(cipher_parse(cipher_name(cipher), &parsed));
		assert_int_equal(parsed, cipher);
	}
}

static void
another_word_is_refused_and_changes_nothing(void **state)
{
	static const char *const wrong[] = {"", "aes", "aes-128-cbc", "aes-256-gcm", "AES-256-CBC", "auto", "none "};
	Cipher		cipher = CIPHER_AES_256_CTR;

	for (int i = 0; i < lengthof(wrong); i++)
		assert_false(cipher_parse(wrong[i], &cipher));
	assert_int_equal(cipher, CIPHER_AES_256_CTR);
}

static void
only_what_is_encrypted_has_a_suffix(void **state)
{
	assert_string_equal(cipher_suffix(CIPHER_NONE), "");
	assert_string_equal(cipher_suffix(CIPHER_AES_256_CBC), ".aes");
	assert_string_equal(cipher_suffix(CIPHER_AES_256_CTR), ".aes");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cipher_is_read_by_its_name),
		cmocka_unit_test(another_word_is_refused_and_changes_nothing),
		cmocka_unit_test(only_what_is_encrypted_has_a_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

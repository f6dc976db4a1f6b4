/*
 * Encrypting and decrypting, here and by "openssl enc".
 */
#include "helpers.h"

#include "stream/filters.h"

/* More than any test's data. */
#define LIMIT (64 * 1024 * 1024)

#define PASSPHRASE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEADER_SIZE 16

static const Cipher ciphers[] = {CIPHER_AES_256_CBC, CIPHER_AES_256_CTR};

/* Sizes around the edges of blocks and buffers. */
static const size_t sizes[] = {
	0, 1, 15, 16, 17, 262144 - 32, 262144 - 16, 262144 - 1, 262144, 262144 + 1, 1000003,
};

/*
 * Encrypts some bytes, written in pieces of at most piece_limit.
 */
static Bytes
encrypt(Cipher cipher, Bytes plain, size_t piece_limit)
{
	Bytes		encrypted;
	Sink	   *chain = memory_sink(&encrypted.data, &encrypted.len, LIMIT, "encrypted");

	chain = encrypt_sink(chain, cipher, PASSPHRASE);
	write_in_pieces(chain, plain.data, plain.len, piece_limit);
	sink_finish(chain);
	sink_release(chain);
	return encrypted;
}

/*
 * Decrypts some bytes, written in pieces of at most piece_limit.
 */
static Bytes
decrypt(Cipher cipher, Bytes encrypted, size_t piece_limit)
{
	Bytes		plain;
	Sink	   *chain = memory_sink(&plain.data, &plain.len, LIMIT, "plain");

	chain = decrypt_sink(chain, cipher, PASSPHRASE, "x");
	write_in_pieces(chain, encrypted.data, encrypted.len, piece_limit);
	sink_finish(chain);
	sink_release(chain);
	return plain;
}

static void
assert_bytes_equal(Bytes got, Bytes expected)
{
	assert_int_equal(got.len, expected.len);
	assert_memory_equal(got.data, expected.data, expected.len);
}

static void
every_cipher_and_size_comes_back(void **state)
{
	for (int i = 0; i < lengthof(ciphers); i++)
	{
		for (int j = 0; j < lengthof(sizes); j++)
		{
			Bytes		plain = {random_data(sizes[j]), sizes[j]};
			Bytes		encrypted = encrypt(ciphers[i], plain, 1 + random_below(500000));

			assert_memory_equal(encrypted.data, "Salted__", 8);
			assert_bytes_equal(decrypt(ciphers[i], encrypted, 1 + random_below(500000)), plain);
		}
	}
}

static void
pieces_of_one_byte_come_back(void **state)
{
	Bytes		plain = {random_data(300000), 300000};

	for (int i = 0; i < lengthof(ciphers); i++)
		assert_bytes_equal(decrypt(ciphers[i], encrypt(ciphers[i], plain, 1), 1), plain);
}

static void
nothing_is_done_without_a_cipher(void **state)
{
	Bytes		plain = {"abc", 3};

	assert_bytes_equal(encrypt(CIPHER_NONE, plain, 2), plain);
	assert_bytes_equal(decrypt(CIPHER_NONE, plain, 2), plain);
}

static void
each_object_has_a_salt_of_its_own(void **state)
{
	Bytes		plain = {"abc", 3};
	Bytes		one = encrypt(CIPHER_AES_256_CBC, plain, 3);
	Bytes		other = encrypt(CIPHER_AES_256_CBC, plain, 3);

	assert_memory_not_equal(one.data, other.data, HEADER_SIZE);
	assert_memory_not_equal(one.data + HEADER_SIZE, other.data + HEADER_SIZE, 16);
}

/*
 * Runs "openssl enc" on some bytes.
 */
static Bytes
run_openssl(Cipher cipher, const char *direction, Bytes input)
{
	const char *const argv[] = {
		"/usr/bin/openssl", "enc", direction, psprintf("-%s", cipher_name(cipher)), "-pbkdf2",
		"-iter", "1", "-md", "sha256", "-pass", "pass:" PASSPHRASE, NULL
	};

	return run_filter(argv, input.data, input.len);
}

static void
openssl_reads_what_is_written(void **state)
{
	for (int i = 0; i < lengthof(ciphers); i++)
	{
		for (int j = 0; j < lengthof(sizes); j++)
		{
			Bytes		plain = {random_data(sizes[j]), sizes[j]};
			Bytes		encrypted = encrypt(ciphers[i], plain, 100000);

			assert_bytes_equal(run_openssl(ciphers[i], "-d", encrypted), plain);
		}
	}
}

static void
what_openssl_writes_is_read(void **state)
{
	for (int i = 0; i < lengthof(ciphers); i++)
	{
		for (int j = 0; j < lengthof(sizes); j++)
		{
			Bytes		plain = {random_data(sizes[j]), sizes[j]};
			Bytes		encrypted = run_openssl(ciphers[i], "-e", plain);

			assert_bytes_equal(decrypt(ciphers[i], encrypted, 100000), plain);
		}
	}
}

/* What is to be decrypted in a process of its own. */
typedef struct Damaged
{
	Cipher		cipher;
	Bytes		encrypted;
} Damaged;

static void
decrypt_damaged(void *argument)
{
	Damaged    *damaged = argument;

	decrypt(damaged->cipher, damaged->encrypted, 100);
}

static void
an_end_in_the_header_is_damage(void **state)
{
	Bytes		plain = {"abc", 3};

	for (int i = 0; i < lengthof(ciphers); i++)
	{
		Damaged		damaged = {ciphers[i], encrypt(ciphers[i], plain, 3)};

		for (damaged.encrypted.len = 0; damaged.encrypted.len < HEADER_SIZE; damaged.encrypted.len++)
			expect_failure(FAILURE_DAMAGED, "cannot decrypt object \"x\": it ends in the middle of its header",
						   decrypt_damaged, &damaged);
	}
}

static void
another_header_is_damage(void **state)
{
	Bytes		plain = {"abc", 3};

	for (int i = 0; i < lengthof(ciphers); i++)
	{
		Damaged		damaged = {ciphers[i], encrypt(ciphers[i], plain, 3)};

		damaged.encrypted.data[random_below(8)] ^= 1;
		expect_failure(FAILURE_DAMAGED, "cannot decrypt object \"x\": it does not begin with \"Salted__\"",
					   decrypt_damaged, &damaged);
	}
}

static void
an_end_in_the_middle_of_a_block_is_damage(void **state)
{
	Bytes		plain = {random_data(1000), 1000};
	Damaged		damaged = {CIPHER_AES_256_CBC, encrypt(CIPHER_AES_256_CBC, plain, 1000)};
	size_t		whole = damaged.encrypted.len;

	for (int missing = 1; missing < 16; missing++)
	{
		damaged.encrypted.len = whole - missing;
		expect_failure(FAILURE_DAMAGED, "cannot decrypt object \"x\": its last block",
					   decrypt_damaged, &damaged);
	}
	damaged.encrypted.len = HEADER_SIZE;
	expect_failure(FAILURE_DAMAGED, "cannot decrypt object \"x\": its last block",
				   decrypt_damaged, &damaged);
}

static void
a_chain_of_all_filters_comes_back(void **state)
{
	size_t		len = 5 * FRAME_SIZE + 11;
	Bytes		plain = {compressible_data(len), len};
	Compression compression = {COMPRESSION_ZSTD, 1};
	Bytes		stored;
	Bytes		again;
	Digest		written;
	Digest		read_back;
	Sink	   *chain = memory_sink(&stored.data, &stored.len, LIMIT, "stored");

	chain = encrypt_sink(digest_sink(chain, &written), CIPHER_AES_256_CBC, PASSPHRASE);
	chain = compress_sink(chain, &compression, 2, true);
	write_in_pieces(chain, plain.data, plain.len, 100000);
	sink_finish(chain);
	sink_release(chain);
	assert_int_equal(written.size, stored.len);

	chain = decompress_sink(memory_sink(&again.data, &again.len, LIMIT, "again"), COMPRESSION_ZSTD, "x");
	chain = digest_sink(decrypt_sink(chain, CIPHER_AES_256_CBC, PASSPHRASE, "x"), &read_back);
	write_in_pieces(chain, stored.data, stored.len, 100000);
	sink_finish(chain);
	sink_release(chain);
	assert_string_equal(read_back.sha256, written.sha256);
	assert_bytes_equal(again, plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cipher_and_size_comes_back),
		cmocka_unit_test(pieces_of_one_byte_come_back),
		cmocka_unit_test(nothing_is_done_without_a_cipher),
		cmocka_unit_test(each_object_has_a_salt_of_its_own),
		cmocka_unit_test(openssl_reads_what_is_written),
		cmocka_unit_test(what_openssl_writes_is_read),
		cmocka_unit_test(an_end_in_the_header_is_damage),
		cmocka_unit_test(another_header_is_damage),
		cmocka_unit_test(an_end_in_the_middle_of_a_block_is_damage),
		cmocka_unit_test(a_chain_of_all_filters_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

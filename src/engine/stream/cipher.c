/*
 * Keys and contexts as "openssl enc -pbkdf2 -iter 1 -md sha256" makes them.
 */
#include "stream/cipher.h"

#include <openssl/crypto.h>

#include "failure.h"

/* AES-256, whose block is also the size of the initialization vector. */
#define KEY_SIZE 32
#define IV_SIZE 16

/* The passphrase is a random key of 256 bits: more rounds would add nothing. */
#define ITERATIONS 1

EVP_CIPHER_CTX *
cipher_context_open(Cipher cipher, const char *passphrase,
					const unsigned char salt[CIPHER_SALT_SIZE], bool encrypt)
{
	bool		is_cbc = cipher == CIPHER_AES_256_CBC;
	const EVP_CIPHER *algorithm = is_cbc ? EVP_aes_256_cbc() : EVP_aes_256_ctr();
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	unsigned char key_and_iv[KEY_SIZE + IV_SIZE];
	bool		done;

	done = context != NULL &&
		PKCS5_PBKDF2_HMAC(passphrase, strlen(passphrase), salt, CIPHER_SALT_SIZE,
						  ITERATIONS, EVP_sha256(), sizeof(key_and_iv), key_and_iv) == 1 &&
		EVP_CipherInit_ex(context, algorithm, NULL, key_and_iv,
						  key_and_iv + KEY_SIZE, encrypt) == 1;
	OPENSSL_cleanse(key_and_iv, sizeof(key_and_iv));
	if (!done)
		fail(FAILURE_INTERNAL, NULL, "could not set up the cipher %s", cipher_name(cipher));
	return context;
}

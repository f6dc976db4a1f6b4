/*
 * What encrypting and decrypting have in common: the format of "openssl enc".
 */
#ifndef ERPGO_ENGINE_STREAM_CIPHER_H
#define ERPGO_ENGINE_STREAM_CIPHER_H

#include "postgres_fe.h"

#include <openssl/evp.h>

#include "common/encryption.h"

/* The header: a fixed text, then the salt. */
#define CIPHER_MAGIC "Salted__"
#define CIPHER_MAGIC_SIZE 8
#define CIPHER_SALT_SIZE 8
#define CIPHER_HEADER_SIZE (CIPHER_MAGIC_SIZE + CIPHER_SALT_SIZE)

/* How many bytes are handed on at once; small enough to stay in the cache. */
#define CIPHER_BUFFER_SIZE (256 * 1024)

/*
 * Makes the context that encrypts or decrypts with the key and the
 * initialization vector that a passphrase and a salt give.
 */
extern EVP_CIPHER_CTX *cipher_context_open(Cipher cipher, const char *passphrase,
										   const unsigned char salt[CIPHER_SALT_SIZE],
										   bool encrypt);

#endif

/*
 * How an object is encrypted.
 */
#ifndef ERPGO_COMMON_ENCRYPTION_H
#define ERPGO_COMMON_ENCRYPTION_H

#include <stdbool.h>

typedef enum Cipher
{
	CIPHER_NONE,
	CIPHER_AES_256_CBC,
	CIPHER_AES_256_CTR
} Cipher;

/* Reads "none", "aes-256-cbc" or "aes-256-ctr" (the names of openssl enc). */
extern bool cipher_parse(const char *word, Cipher *cipher);

/* The word for a cipher, in static memory. */
extern const char *cipher_name(Cipher cipher);

/* The ending of file names: "" or ".aes"; static memory. */
extern const char *cipher_suffix(Cipher cipher);

#endif

/*
 * Keys in pairs: RSA, by which only the holder of the private key opens what
 * anybody wrapped, and Ed25519, by which anybody checks what only the holder
 * of the signing key signed.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_ASYMMETRIC_H
#define ERPGO_ENGINE_REPOSITORY_ASYMMETRIC_H

#include "repository/keys.h"

/* The least that RSA keys may have; more than the limit helps nobody. */
#define RSA_BITS_MIN 3072
#define RSA_BITS_MAX 16384
#define RSA_BYTES_MAX (RSA_BITS_MAX / 8)

/* A signature as hexadecimal digits, with its terminating zero. */
#define SIGNATURE_HEX_SIZE 129

/* Half of a pair of RSA keys, or all of it. */
typedef struct RsaKey
{
	struct evp_pkey_st *pkey;
	size_t		size;			/* of what is wrapped */
	char		fingerprint[SHA256_HEX_SIZE];	/* SHA-256 of the public half,
												 * in DER */
} RsaKey;

/*
 * Reads a public key (PEM).  The file must not be one that somebody else than
 * this user or root can write; FAILURE_KEY if it holds no RSA key of enough
 * bits.
 */
extern RsaKey *rsa_public_read(const char *path);

/* The same for a private key, which nobody else may be able to read either. */
extern RsaKey *rsa_private_read(const char *path);

/*
 * Wraps a key's 64 digits by OAEP with SHA-256, as "openssl pkeyutl -encrypt"
 * does, into size bytes; and the reverse, false if that is not what was
 * wrapped for this key.
 */
extern void rsa_wrap(const RsaKey *key, const char *digits,
					 unsigned char wrapped[RSA_BYTES_MAX]);
extern bool rsa_unwrap(const RsaKey *key, const void *wrapped, size_t len,
					   char digits[KEY_HEX_SIZE]);

/* The same as base64 on one line, allocated. */
extern char *rsa_wrap_base64(const RsaKey *key, const char *digits);
extern bool rsa_unwrap_base64(const RsaKey *key, const char *wrapped,
							  char digits[KEY_HEX_SIZE]);

/* The public half of a signing key, whose private half are 64 digits. */
extern void signing_public(const char *signing_key, char public[KEY_HEX_SIZE]);

/* Signs a text by Ed25519; and compares a signature. */
extern void sign_text(const char *signing_key, const char *content,
					  char signature[SIGNATURE_HEX_SIZE]);
extern bool signature_check(const char *public, const char *content,
							const char *signature);

#endif

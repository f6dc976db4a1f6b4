/*
 * Making, wrapping and naming keys.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "failure.h"
#include "repository/keys.h"

#define KEY_BYTES 32
#define KEY_DIGITS (KEY_HEX_SIZE - 1)
#define IV_BYTES 16
#define BLOCK_BYTES 16
#define SHA256_BYTES 32

/* What "openssl enc" puts before the encrypted bytes: a word and the salt. */
#define MAGIC "Salted__"
#define MAGIC_BYTES 8
#define SALT_BYTES 8
#define HEADER_BYTES (MAGIC_BYTES + SALT_BYTES)

/* 64 digits are encrypted to 80 bytes: a full block of padding follows. */
#define WRAPPED_BYTES (HEADER_BYTES + KEY_DIGITS + BLOCK_BYTES)
#define WRAPPED_DIGITS (WRAPPED_BYTES / 3 * 4)

/* Deriving with fewer rounds is not worth remembering. */
#define CACHED_ITERATIONS 1000

#define KEY_ID_TEXT "erpgo_backup key id"
#define WRAPPING_TEXT "erpgo_backup wrapped key"

/* What PBKDF2 gives for one passphrase and salt. */
typedef struct Derived
{
	unsigned char key[KEY_BYTES];
	unsigned char iv[IV_BYTES];
} Derived;

StaticAssertDecl(sizeof(Derived) == KEY_BYTES + IV_BYTES,
				 "PBKDF2 fills this structure, so it must have no gaps");

typedef struct CachedDerived
{
	char		passphrase_sha256[SHA256_HEX_SIZE];
	unsigned char salt[SALT_BYTES];
	int			iterations;
	Derived		derived;
	struct CachedDerived *next;
} CachedDerived;

/* Each passphrase is derived at most once with each salt. */
static CachedDerived *cache = NULL;

/*
 * Ends the process if OpenSSL could not do what always works.
 */
static void
check_openssl(bool success)
{
	if (!success)
		fail(FAILURE_INTERNAL, NULL, "OpenSSL could not process a key");
}

/*
 * Writes bytes as lower-case hexadecimal digits and a terminating zero.
 */
static void
to_hex(const unsigned char *bytes, size_t len, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
	{
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 0x0f];
	}
	hex[2 * len] = '\0';
}

bool
hex_is_valid(const char *hex, size_t digits)
{
	return strlen(hex) == digits && strspn(hex, "0123456789abcdef") == digits;
}

int
master_key_iterations(const char *master)
{
	return hex_is_valid(master, KEY_HEX_SIZE - 1) ? RANDOM_KEY_ITERATIONS :
		PASSPHRASE_ITERATIONS;
}

void
random_hex(char *hex, size_t digits)
{
	unsigned char bytes[KEY_BYTES];

	check_openssl(digits / 2 <= sizeof(bytes) &&
				  RAND_bytes(bytes, digits / 2) == 1);
	to_hex(bytes, digits / 2, hex);
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

void
key_generate(char key[KEY_HEX_SIZE])
{
	random_hex(key, KEY_DIGITS);
}

void
hmac_sha256_hex(const void *key, size_t key_len, const void *data, size_t len,
				char hex[SHA256_HEX_SIZE])
{
	unsigned char mac[SHA256_BYTES];

	check_openssl(HMAC(EVP_sha256(), key, key_len, data, len, mac, NULL) != NULL);
	to_hex(mac, sizeof(mac), hex);
}

void
sha256_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE])
{
	unsigned char digest[SHA256_BYTES];

	check_openssl(EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1);
	to_hex(digest, sizeof(digest), hex);
}

bool
constant_time_equal(const char *a, const char *b)
{
	size_t		len = strlen(a);

	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

void
key_id(const char *key, char id[KEY_ID_SIZE])
{
	char		mac[SHA256_HEX_SIZE];

	hmac_sha256_hex(key, strlen(key), KEY_ID_TEXT, strlen(KEY_ID_TEXT), mac);
	strlcpy(id, mac, KEY_ID_SIZE);
}

/*
 * What was derived from a passphrase before; NULL if it was not.
 */
static CachedDerived *
find_cached(const char *passphrase_sha256, const unsigned char *salt,
			int iterations)
{
	for (CachedDerived *entry = cache; entry != NULL; entry = entry->next)
	{
		if (entry->iterations == iterations &&
			memcmp(entry->salt, salt, SALT_BYTES) == 0 &&
			constant_time_equal(entry->passphrase_sha256, passphrase_sha256))
			return entry;
	}
	return NULL;
}

/*
 * Derives keys from a passphrase.
 */
static Derived
derive(const char *passphrase, const unsigned char *salt, int iterations)
{
	Derived		derived;

	check_openssl(PKCS5_PBKDF2_HMAC(passphrase, strlen(passphrase), salt,
									SALT_BYTES, iterations, EVP_sha256(),
									sizeof(derived),
									(unsigned char *) &derived) == 1);
	return derived;
}

/*
 * The same, from memory where it took long before.
 */
static Derived
derive_once(const char *passphrase, const unsigned char *salt, int iterations)
{
	char		passphrase_sha256[SHA256_HEX_SIZE];
	CachedDerived *entry;

	if (iterations < CACHED_ITERATIONS)
		return derive(passphrase, salt, iterations);

	sha256_hex(passphrase, strlen(passphrase), passphrase_sha256);
	entry = find_cached(passphrase_sha256, salt, iterations);
	if (entry == NULL)
	{
		entry = pg_malloc(sizeof(CachedDerived));
		strlcpy(entry->passphrase_sha256, passphrase_sha256, SHA256_HEX_SIZE);
		memcpy(entry->salt, salt, SALT_BYTES);
		entry->iterations = iterations;
		entry->derived = derive(passphrase, salt, iterations);
		entry->next = cache;
		cache = entry;
	}
	OPENSSL_cleanse(passphrase_sha256, sizeof(passphrase_sha256));
	return entry->derived;
}

/*
 * Encrypts or decrypts with AES-256-CBC and padding.  Returns the length of
 * what was written to out (len and a block always suffice), or -1.
 */
static int
crypt_key(const Derived *derived, bool encrypt, const void *in, int len,
		  unsigned char *out)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int			out_len = 0;
	int			final_len = 0;
	bool		success;

	check_openssl(context != NULL);
	success = EVP_CipherInit_ex(context, EVP_aes_256_cbc(), NULL, derived->key,
								derived->iv, encrypt) == 1 &&
		EVP_CipherUpdate(context, out, &out_len, in, len) == 1 &&
		EVP_CipherFinal_ex(context, out + out_len, &final_len) == 1;
	EVP_CIPHER_CTX_free(context);
	return success ? out_len + final_len : -1;
}

/*
 * The HMAC that belongs to a wrapped key.  Its key comes from what was derived
 * already: PBKDF2 takes all its rounds once more for each further 32 bytes.
 */
static void
wrapped_hmac(const Derived *derived, const char *wrapped,
			 char hmac[SHA256_HEX_SIZE])
{
	char		mac_key[SHA256_HEX_SIZE];

	hmac_sha256_hex(derived, sizeof(*derived), WRAPPING_TEXT,
					strlen(WRAPPING_TEXT), mac_key);
	hmac_sha256_hex(mac_key, strlen(mac_key), wrapped, strlen(wrapped), hmac);
	OPENSSL_cleanse(mac_key, sizeof(mac_key));
}

WrappedKey
key_wrap(const char *key, const char *passphrase, int iterations)
{
	WrappedKey	result = {.iterations = iterations};
	unsigned char bytes[WRAPPED_BYTES + BLOCK_BYTES] = MAGIC;
	Derived		derived;

	check_openssl(strlen(key) == KEY_DIGITS &&
				  RAND_bytes(bytes + MAGIC_BYTES, SALT_BYTES) == 1);
	derived = derive_once(passphrase, bytes + MAGIC_BYTES, iterations);
	check_openssl(crypt_key(&derived, true, key, KEY_DIGITS,
							bytes + HEADER_BYTES) == WRAPPED_BYTES - HEADER_BYTES);
	result.wrapped = pg_malloc(WRAPPED_DIGITS + 1);
	EVP_EncodeBlock((unsigned char *) result.wrapped, bytes, WRAPPED_BYTES);
	wrapped_hmac(&derived, result.wrapped, result.hmac);
	OPENSSL_cleanse(&derived, sizeof(derived));
	return result;
}

bool
key_unwrap(const WrappedKey *wrapped, const char *passphrase,
		   char key[KEY_HEX_SIZE])
{
	unsigned char bytes[WRAPPED_BYTES];
	unsigned char plain[WRAPPED_BYTES];
	Derived		derived;
	char		hmac[SHA256_HEX_SIZE];
	bool		fits;

	if (strlen(wrapped->wrapped) != WRAPPED_DIGITS ||
		EVP_DecodeBlock(bytes, (const unsigned char *) wrapped->wrapped,
						WRAPPED_DIGITS) != WRAPPED_BYTES ||
		memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
		return false;

	derived = derive_once(passphrase, bytes + MAGIC_BYTES, wrapped->iterations);
	wrapped_hmac(&derived, wrapped->wrapped, hmac);
	fits = constant_time_equal(hmac, wrapped->hmac) &&
		crypt_key(&derived, false, bytes + HEADER_BYTES,
				  WRAPPED_BYTES - HEADER_BYTES, plain) == KEY_DIGITS;
	if (fits)
	{
		plain[KEY_DIGITS] = '\0';
		fits = hex_is_valid((const char *) plain, KEY_DIGITS);
		strlcpy(key, (const char *) plain, KEY_HEX_SIZE);
	}
	OPENSSL_cleanse(plain, sizeof(plain));
	OPENSSL_cleanse(&derived, sizeof(derived));
	return fits;
}

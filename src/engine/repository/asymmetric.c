/*
 * Keys in pairs, by OpenSSL.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "failure.h"
#include "repository/asymmetric.h"
#include "repository/small_file.h"

#define KEY_BYTES 32
#define KEY_DIGITS (KEY_HEX_SIZE - 1)
#define SIGNATURE_BYTES 64

#define BASE64_MAX (RSA_BYTES_MAX / 3 * 4 + 4)

/*
 * Ends the process if OpenSSL could not do what always works.
 */
static void
check_openssl(bool success)
{
	if (!success)
		fail(FAILURE_INTERNAL, NULL, "OpenSSL could not use a key");
}

/*
 * The value of a lower-case hexadecimal digit.
 */
static int
digit_value(char digit)
{
	return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/*
 * Reads so many bytes from hexadecimal digits; false if they are not that.
 */
static bool
from_hex(const char *hex, unsigned char *bytes, size_t len)
{
	if (!hex_is_valid(hex, 2 * len))
		return false;
	for (size_t i = 0; i < len; i++)
		bytes[i] = digit_value(hex[2 * i]) << 4 | digit_value(hex[2 * i + 1]);
	return true;
}

/*
 * Writes bytes as hexadecimal digits, with a terminating zero.
 */
static void
to_hex(const unsigned char *bytes, size_t len, char *hex)
{
	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
}

/*
 * Computes what a key is known by: the digest of its public half.
 */
static void
set_fingerprint(RsaKey *key)
{
	unsigned char *der = NULL;
	int			len = i2d_PUBKEY(key->pkey, &der);

	check_openssl(len > 0);
	sha256_hex(der, len, key->fingerprint);
	OPENSSL_free(der);
}

/*
 * Makes a key of what OpenSSL read; NULL is what it could not.
 */
static RsaKey *
make_key(EVP_PKEY *pkey, const char *what, const char *path)
{
	RsaKey	   *key = pg_malloc0(sizeof(RsaKey));

	ERR_clear_error();
	if (pkey == NULL)
		fail(FAILURE_KEY, "It must be in PEM, and not be encrypted itself, as \"openssl genpkey\" and \"openssl pkey -pubout\" write it.",
			 "%s file \"%s\" does not hold such a key", what, path);
	if (EVP_PKEY_base_id(pkey) != EVP_PKEY_RSA ||
		EVP_PKEY_bits(pkey) < RSA_BITS_MIN || EVP_PKEY_bits(pkey) > RSA_BITS_MAX)
		fail(FAILURE_KEY, "Make one with \"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096\".",
			 "%s file \"%s\" does not hold an RSA key of %d to %d bits",
			 what, path, RSA_BITS_MIN, RSA_BITS_MAX);
	key->pkey = pkey;
	key->size = EVP_PKEY_size(pkey);
	set_fingerprint(key);
	return key;
}

/*
 * Refuses to ask for a passphrase.
 */
static int
no_passphrase(char *buffer, int size, int writes, void *context)
{
	return -1;
}

RsaKey *
rsa_public_read(const char *path)
{
	size_t		len;
	char	   *content = trusted_file_read("public key", path, &len);
	BIO		   *bio = BIO_new_mem_buf(content, (int) len);
	EVP_PKEY   *pkey;

	check_openssl(bio != NULL);
	pkey = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	small_file_forget(content);
	return make_key(pkey, "public key", path);
}

RsaKey *
rsa_private_read(const char *path)
{
	size_t		len;
	char	   *content = secret_file_read("private key", path, &len);
	BIO		   *bio = BIO_new_mem_buf(content, (int) len);
	EVP_PKEY   *pkey;

	check_openssl(bio != NULL);
	pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	small_file_forget(content);
	return make_key(pkey, "private key", path);
}

/*
 * A context for wrapping or unwrapping.
 */
static EVP_PKEY_CTX *
oaep_context(const RsaKey *key, bool encrypt)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);

	check_openssl(context != NULL &&
				  (encrypt ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)) == 1 &&
				  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
				  EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1);
	return context;
}

void
rsa_wrap(const RsaKey *key, const char *digits, unsigned char wrapped[RSA_BYTES_MAX])
{
	EVP_PKEY_CTX *context = oaep_context(key, true);
	size_t		len = RSA_BYTES_MAX;

	check_openssl(EVP_PKEY_encrypt(context, wrapped, &len, (const unsigned char *) digits,
								   KEY_DIGITS) == 1 && len == key->size);
	EVP_PKEY_CTX_free(context);
}

bool
rsa_unwrap(const RsaKey *key, const void *wrapped, size_t len, char digits[KEY_HEX_SIZE])
{
	EVP_PKEY_CTX *context = oaep_context(key, false);
	unsigned char plain[RSA_BYTES_MAX];
	size_t		plain_len = sizeof(plain);
	bool		fits;

	fits = len == key->size &&
		EVP_PKEY_decrypt(context, plain, &plain_len, wrapped, len) == 1 &&
		plain_len == KEY_DIGITS;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	if (fits)
	{
		plain[KEY_DIGITS] = '\0';
		fits = hex_is_valid((const char *) plain, KEY_DIGITS);
		strlcpy(digits, (const char *) plain, KEY_HEX_SIZE);
	}
	OPENSSL_cleanse(plain, sizeof(plain));
	return fits;
}

char *
rsa_wrap_base64(const RsaKey *key, const char *digits)
{
	unsigned char wrapped[RSA_BYTES_MAX];
	char	   *base64 = pg_malloc(BASE64_MAX + 1);

	rsa_wrap(key, digits, wrapped);
	EVP_EncodeBlock((unsigned char *) base64, wrapped, (int) key->size);
	return base64;
}

bool
rsa_unwrap_base64(const RsaKey *key, const char *wrapped, char digits[KEY_HEX_SIZE])
{
	unsigned char bytes[BASE64_MAX];
	size_t		len = strlen(wrapped);

	/* What pads the text becomes bytes that are zero. */
	if (len > BASE64_MAX || len != (key->size + 2) / 3 * 4 ||
		EVP_DecodeBlock(bytes, (const unsigned char *) wrapped, (int) len) < (int) key->size)
		return false;
	return rsa_unwrap(key, bytes, key->size, digits);
}

/*
 * The signing key of these digits.
 */
static EVP_PKEY *
signing_pkey(const char *signing_key)
{
	unsigned char bytes[KEY_BYTES];
	EVP_PKEY   *pkey;

	check_openssl(from_hex(signing_key, bytes, sizeof(bytes)));
	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, sizeof(bytes));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	check_openssl(pkey != NULL);
	return pkey;
}

void
signing_public(const char *signing_key, char public[KEY_HEX_SIZE])
{
	EVP_PKEY   *pkey = signing_pkey(signing_key);
	unsigned char bytes[KEY_BYTES];
	size_t		len = sizeof(bytes);

	check_openssl(EVP_PKEY_get_raw_public_key(pkey, bytes, &len) == 1 && len == sizeof(bytes));
	to_hex(bytes, sizeof(bytes), public);
	EVP_PKEY_free(pkey);
}

void
sign_text(const char *signing_key, const char *content, char signature[SIGNATURE_HEX_SIZE])
{
	EVP_PKEY   *pkey = signing_pkey(signing_key);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char bytes[SIGNATURE_BYTES];
	size_t		len = sizeof(bytes);

	check_openssl(context != NULL &&
				  EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1 &&
				  EVP_DigestSign(context, bytes, &len, (const unsigned char *) content,
								 strlen(content)) == 1 && len == sizeof(bytes));
	to_hex(bytes, sizeof(bytes), signature);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
}

bool
signature_check(const char *public, const char *content, const char *signature)
{
	unsigned char key[KEY_BYTES];
	unsigned char bytes[SIGNATURE_BYTES];
	EVP_PKEY   *pkey;
	EVP_MD_CTX *context;
	bool		fits;

	if (!from_hex(public, key, sizeof(key)) || !from_hex(signature, bytes, sizeof(bytes)))
		return false;
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, sizeof(key));
	context = EVP_MD_CTX_new();
	check_openssl(pkey != NULL && context != NULL);
	fits = EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
		EVP_DigestVerify(context, bytes, sizeof(bytes), (const unsigned char *) content,
						 strlen(content)) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return fits;
}

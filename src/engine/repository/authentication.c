/*
 * The last line of a record, which proves every byte before it.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "repository/asymmetric.h"
#include "repository/manifest.h"

/* The key of the last line: with a data key, and without one. */
#define HMAC_NAME "hmac_sha256"
#define DIGEST_NAME "sha256"
#define SIGNATURE_NAME "ed25519"

/* What a purpose is appended to, for the derivation of its key. */
#define PURPOSE_PREFIX "erpgo_backup "

/*
 * Is there a data key?  "" stands for none, too.
 */
static bool
has_key(const char *data_key)
{
	return data_key != NULL && data_key[0] != '\0';
}

/*
 * The last line of a record whose other lines are these bytes; allocated.
 */
static char *
last_line(const char *body, size_t len, const char *data_key,
		  const char *purpose)
{
	char		mac_key[SHA256_HEX_SIZE];
	char		proof[SHA256_HEX_SIZE];
	char	   *label;

	if (!has_key(data_key))
	{
		sha256_hex(body, len, proof);
		return psprintf("\"%s\": \"%s\"}\n", DIGEST_NAME, proof);
	}

	label = psprintf(PURPOSE_PREFIX "%s", purpose);
	hmac_sha256_hex(data_key, strlen(data_key), label, strlen(label), mac_key);
	hmac_sha256_hex(mac_key, strlen(mac_key), body, len, proof);
	OPENSSL_cleanse(mac_key, sizeof(mac_key));
	pg_free(label);
	return psprintf("\"%s\": \"%s\"}\n", HMAC_NAME, proof);
}

char *
authentication_append(const char *body, const char *data_key,
					  const char *purpose)
{
	char	   *line = last_line(body, strlen(body), data_key, purpose);
	char	   *result = psprintf("%s%s", body, line);

	pg_free(line);
	return result;
}

/*
 * The length of a record without its last line: it ends with the last line
 * feed but one.
 */
static size_t
body_length(const char *content)
{
	size_t		len = strlen(content);

	if (len > 0)
		len--;
	while (len > 0 && content[len - 1] != '\n')
		len--;
	return len;
}

/*
 * What is signed of a record whose other lines are these bytes; allocated.
 */
static char *
signed_text(const char *body, size_t len, const char *purpose)
{
	char		digest[SHA256_HEX_SIZE];

	sha256_hex(body, len, digest);
	return psprintf(PURPOSE_PREFIX "%s %s", purpose, digest);
}

char *
authentication_sign(const char *body, const char *signing_key, const char *purpose)
{
	char	   *content = signed_text(body, strlen(body), purpose);
	char		signature[SIGNATURE_HEX_SIZE];

	sign_text(signing_key, content, signature);
	pg_free(content);
	return psprintf("%s\"%s\": \"%s\"}\n", body, SIGNATURE_NAME, signature);
}

bool
authentication_check_signature(const char *content, const char *signer,
							   const char *purpose)
{
	size_t		len = body_length(content);
	char		signature[SIGNATURE_HEX_SIZE] = "";
	char	   *line;
	char	   *expected;
	bool		equal;

	/* There is one way to write a signature, and nothing beside it. */
	if (sscanf(content + len, "\"" SIGNATURE_NAME "\": \"%128[0-9a-f]\"}", signature) != 1)
		return false;
	line = psprintf("\"%s\": \"%s\"}\n", SIGNATURE_NAME, signature);
	expected = signed_text(content, len, purpose);
	equal = strcmp(content + len, line) == 0 &&
		signature_check(signer, expected, signature);
	pg_free(expected);
	pg_free(line);
	return equal;
}

bool
authentication_check(const char *content, const char *data_key,
					 const char *purpose)
{
	size_t		len = body_length(content);
	char	   *expected;
	bool		equal;

	expected = last_line(content, len, data_key, purpose);
	equal = constant_time_equal(content + len, expected);
	pg_free(expected);
	return equal;
}

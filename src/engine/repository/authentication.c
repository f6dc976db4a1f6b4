/*
 * The last line of a record, which proves every byte before it.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>

#include "repository/manifest.h"

/* The key of the last line: with a data key, and without one. */
#define HMAC_NAME "hmac_sha256"
#define DIGEST_NAME "sha256"

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

bool
authentication_check(const char *content, const char *data_key,
					 const char *purpose)
{
	size_t		len = strlen(content);
	char	   *expected;
	bool		equal;

	/* The body ends with the last line feed but one. */
	if (len > 0)
		len--;
	while (len > 0 && content[len - 1] != '\n')
		len--;
	expected = last_line(content, len, data_key, purpose);
	equal = constant_time_equal(content + len, expected);
	pg_free(expected);
	return equal;
}

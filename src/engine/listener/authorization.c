/*
 * Whether a client of the metrics listener has the token: as a bearer (RFC
 * 6750), or as the password of whatever user (RFC 7617).
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "listener/answer.h"
#include "repository/keys.h"

/*
 * What follows a scheme; NULL if the value has another one.
 */
static const char *
after_scheme(const char *authorization, const char *scheme)
{
	size_t		len = strlen(scheme);

	if (pg_strncasecmp(authorization, scheme, len) != 0 ||
		authorization[len] != ' ')
		return NULL;
	authorization += len;
	return authorization + strspn(authorization, " ");
}

/*
 * Is the token the password in "user:password", encoded?
 */
static bool
has_password(const char *encoded, const char *token)
{
	size_t		len = strlen(encoded);

	/* Padding is decoded to zeros, which end the password. */
	char	   *decoded = pg_malloc0(len + 1);
	const char *colon;
	bool		good;

	if (EVP_DecodeBlock((unsigned char *) decoded,
						(const unsigned char *) encoded, (int) len) < 0)
		decoded[0] = '\0';
	colon = strchr(decoded, ':');
	good = colon != NULL && constant_time_equal(colon + 1, token);
	OPENSSL_cleanse(decoded, len);
	pg_free(decoded);
	return good;
}

bool
authorization_is_good(const char *authorization, const char *token)
{
	const char *given;

	if (authorization == NULL)
		return false;
	given = after_scheme(authorization, "Bearer");
	if (given != NULL)
		return constant_time_equal(given, token);
	given = after_scheme(authorization, "Basic");
	return given != NULL && has_password(given, token);
}

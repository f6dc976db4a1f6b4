/*
 * Signatures of requests to object storage: version 4 of AWS.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

#include "failure.h"
#include "lib/stringinfo.h"
#include "store/s3_sign.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DIGEST_BYTES 32
#define DATE_LENGTH 8

/*
 * Writes bytes as hexadecimal digits.
 */
static void
to_hex(const unsigned char bytes[DIGEST_BYTES], char hex[S3_DIGEST_SIZE])
{
	for (int i = 0; i < DIGEST_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

void
s3_digest(const void *data, size_t len, char digest[S3_DIGEST_SIZE])
{
	unsigned char bytes[DIGEST_BYTES];

	if (EVP_Digest(data, len, bytes, NULL, EVP_sha256(), NULL) != 1)
		fail(FAILURE_INTERNAL, NULL, "could not compute a SHA-256 digest");
	to_hex(bytes, digest);
}

void
s3_checksum(const char digest[S3_DIGEST_SIZE], char checksum[S3_CHECKSUM_SIZE])
{
	unsigned char bytes[DIGEST_BYTES];

	for (int i = 0; i < DIGEST_BYTES; i++)
	{
		const char	pair[] = {digest[2 * i], digest[2 * i + 1], '\0'};

		bytes[i] = (unsigned char) strtoul(pair, NULL, 16);
	}
	(void) EVP_EncodeBlock((unsigned char *) checksum, bytes, DIGEST_BYTES);
}

void
s3_md5(const void *data, size_t len, char md5[S3_MD5_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (EVP_Digest(data, len, bytes, &size, EVP_md5(), NULL) != 1)
		fail(FAILURE_INTERNAL, NULL, "could not compute an MD5 digest");
	(void) EVP_EncodeBlock((unsigned char *) md5, bytes, (int) size);
}

void
s3_time(time_t now, char stamp[S3_TIME_SIZE])
{
	struct tm	parts;

	if (gmtime_r(&now, &parts) == NULL ||
		strftime(stamp, S3_TIME_SIZE, "%Y%m%dT%H%M%SZ", &parts) == 0)
		fail(FAILURE_INTERNAL, NULL, "could not convert the time");
}

char *
s3_escape(const char *from, bool keep_slashes)
{
	StringInfoData escaped;

	initStringInfo(&escaped);
	for (; *from != '\0'; from++)
	{
		unsigned char byte = *from;

		/* isalnum would go by the locale. */
		if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
			(byte >= '0' && byte <= '9') || strchr("-._~", byte) != NULL ||
			(keep_slashes && byte == '/'))
			appendStringInfoChar(&escaped, byte);
		else
			appendStringInfo(&escaped, "%%%02X", byte);
	}
	return escaped.data;
}

char *
s3_query(const S3Pair *parameters, int count)
{
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < count; i++)
	{
		char	   *value = s3_escape(parameters[i].value, false);

		appendStringInfo(&query, "%s%s=%s", i == 0 ? "" : "&",
						 parameters[i].name, value);
		pg_free(value);
	}
	return query.data;
}

/*
 * The names of all headers that are signed.
 */
static char *
signed_headers(const S3Signing *signing)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < signing->header_count; i++)
		appendStringInfo(&names, "%s%s", i == 0 ? "" : ";",
						 signing->headers[i].name);
	return names.data;
}

/*
 * The request in the form that is signed, as its digest.
 */
static void
digest_request(const S3Signing *signing, const char *names,
			   char digest[S3_DIGEST_SIZE])
{
	StringInfoData request;

	initStringInfo(&request);
	appendStringInfo(&request, "%s\n%s\n%s\n", signing->method, signing->path,
					 signing->query);
	for (int i = 0; i < signing->header_count; i++)
		appendStringInfo(&request, "%s:%s\n", signing->headers[i].name,
						 signing->headers[i].value);
	appendStringInfo(&request, "\n%s\n%s", names, signing->digest);
	s3_digest(request.data, request.len, digest);
	pg_free(request.data);
}

/*
 * Replaces a key by one that is derived from it for a purpose.
 */
static void
derive(unsigned char key[DIGEST_BYTES], const char *purpose)
{
	unsigned char derived[DIGEST_BYTES];

	if (HMAC(EVP_sha256(), key, DIGEST_BYTES, (const unsigned char *) purpose,
			 strlen(purpose), derived, NULL) == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not compute a signature");
	memcpy(key, derived, DIGEST_BYTES);
	OPENSSL_cleanse(derived, sizeof(derived));
}

/*
 * The key that signs on one day in one region.
 */
static void
signing_key(const S3Identity *identity, const char *date,
			unsigned char key[DIGEST_BYTES])
{
	char	   *secret = psprintf("AWS4%s", identity->secret_key);

	if (HMAC(EVP_sha256(), secret, strlen(secret), (const unsigned char *) date,
			 strlen(date), key, NULL) == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not compute a signature");
	OPENSSL_cleanse(secret, strlen(secret));
	pg_free(secret);
	derive(key, identity->region);
	derive(key, "s3");
	derive(key, "aws4_request");
}

char *
s3_authorization(const S3Signing *signing, const S3Identity *identity)
{
	char	   *names = signed_headers(signing);
	char	   *date = pnstrdup(signing->time, DATE_LENGTH);
	char	   *scope = psprintf("%s/%s/s3/aws4_request", date, identity->region);
	char	   *to_sign;
	char	   *result;
	char		digest[S3_DIGEST_SIZE];
	unsigned char key[DIGEST_BYTES];

	digest_request(signing, names, digest);
	to_sign = psprintf(ALGORITHM "\n%s\n%s\n%s", signing->time, scope, digest);
	signing_key(identity, date, key);
	derive(key, to_sign);
	to_hex(key, digest);
	result = psprintf(ALGORITHM " Credential=%s/%s,SignedHeaders=%s,Signature=%s",
					  identity->access_key, scope, names, digest);
	pg_free(to_sign);
	pg_free(scope);
	pg_free(date);
	pg_free(names);
	return result;
}

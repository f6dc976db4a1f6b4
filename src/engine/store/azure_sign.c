/*
 * Signatures of requests to Azure's Blob service: Shared Key.
 */
#include "postgres_fe.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

#include "failure.h"
#include "lib/stringinfo.h"
#include "store/azure_sign.h"

#define DIGEST_BYTES 32
#define SIGNATURE_SIZE 45
#define LARGEST_KEY 512

/* The service knows its own headers by this. */
#define OWN_HEADER "x-ms-"

void
azure_time(time_t now, char stamp[AZURE_TIME_SIZE])
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	struct tm	parts;

	/* strftime would go by the locale. */
	if (gmtime_r(&now, &parts) == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not convert the time");
	snprintf(stamp, AZURE_TIME_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
			 days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900,
			 parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/*
 * The value of a header, "" if the request has none of that name.
 */
static const char *
header_value(const AzureSigning *signing, const char *name)
{
	for (int i = 0; i < signing->header_count; i++)
	{
		if (strcmp(signing->headers[i].name, name) == 0)
			return signing->headers[i].value;
	}
	return "";
}

/*
 * The request in the form that is signed.
 */
static char *
text_to_sign(const AzureSigning *signing)
{
	StringInfoData signed_text;

	initStringInfo(&signed_text);
	appendStringInfo(&signed_text, "%s\n\n\n", signing->method);
	if (signing->body_len > 0)
		appendStringInfo(&signed_text, "%zu", signing->body_len);
	appendStringInfo(&signed_text, "\n%s\n%s\n\n\n%s\n%s\n\n%s\n",
					 header_value(signing, "content-md5"), header_value(signing, "content-type"),
					 header_value(signing, "if-match"), header_value(signing, "if-none-match"),
					 header_value(signing, "range"));
	for (int i = 0; i < signing->header_count; i++)
	{
		if (strncmp(signing->headers[i].name, OWN_HEADER, strlen(OWN_HEADER)) == 0)
			appendStringInfo(&signed_text, "%s:%s\n", signing->headers[i].name,
							 signing->headers[i].value);
	}
	appendStringInfo(&signed_text, "/%s%s", signing->account, signing->path);
	for (int i = 0; i < signing->query_count; i++)
		appendStringInfo(&signed_text, "\n%s:%s", signing->query[i].name, signing->query[i].value);
	return signed_text.data;
}

/*
 * Decodes a key, and says how many bytes it has; -1 if it is none.
 */
static int
decode_key(const char *key, unsigned char bytes[LARGEST_KEY])
{
	size_t		len = strlen(key);
	int			count;

	if (len == 0 || len % 4 != 0 || len / 4 * 3 > LARGEST_KEY || key[len - 3] == '=')
		return -1;
	count = EVP_DecodeBlock(bytes, (const unsigned char *) key, len);
	for (size_t i = len; count > 0 && i > len - 2 && key[i - 1] == '='; i--)
		count--;
	return count;
}

char *
azure_authorization(const AzureSigning *signing, const char *key)
{
	unsigned char bytes[LARGEST_KEY];
	unsigned char digest[DIGEST_BYTES];
	unsigned char signature[SIGNATURE_SIZE];
	int			count = decode_key(key, bytes);
	char	   *signed_text;

	if (count <= 0)
		return NULL;
	signed_text = text_to_sign(signing);
	if (HMAC(EVP_sha256(), bytes, count, (const unsigned char *) signed_text,
			 strlen(signed_text), digest, NULL) == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not compute a signature");
	OPENSSL_cleanse(bytes, sizeof(bytes));
	(void) EVP_EncodeBlock(signature, digest, DIGEST_BYTES);
	pg_free(signed_text);
	return psprintf("SharedKey %s:%s", signing->account, (const char *) signature);
}

/*
 * Signatures of requests to object storage: version 4 of AWS.
 *
 * libcurl has a signer of its own, which in its different versions signs some
 * names and queries wrongly; so it only carries what is signed here.
 */
#ifndef ERPGO_ENGINE_STORE_S3_SIGN_H
#define ERPGO_ENGINE_STORE_S3_SIGN_H

#include "postgres_fe.h"

/* A SHA-256 in lower-case hexadecimal, with its terminating zero. */
#define S3_DIGEST_SIZE 65

/* A SHA-256 in base64, with its terminating zero. */
#define S3_CHECKSUM_SIZE 45

/* An MD5 in base64, with its terminating zero. */
#define S3_MD5_SIZE 25

/* "20130524T000000Z", with its terminating zero. */
#define S3_TIME_SIZE 17

/* A header, or a parameter of a query. */
typedef struct S3Pair
{
	const char *name;
	const char *value;
} S3Pair;

/* Who asks. */
typedef struct S3Identity
{
	const char *access_key;
	const char *secret_key;
	const char *region;
} S3Identity;

typedef struct S3Signing
{
	const char *method;
	const char *path;			/* as it is sent */
	const char *query;			/* the same: see s3_query */
	const S3Pair *headers;		/* names in lower case, in byte order; "host"
								 * and "x-amz-date" are among them */
	int			header_count;
	const char *digest;			/* of the body */
	char		time[S3_TIME_SIZE];
} S3Signing;

/* The digest of some bytes. */
extern void s3_digest(const void *data, size_t len, char digest[S3_DIGEST_SIZE]);

/* The same in base64. */
extern void s3_checksum(const char digest[S3_DIGEST_SIZE], char checksum[S3_CHECKSUM_SIZE]);

/* The MD5 of some bytes in base64, which some requests have to carry. */
extern void s3_md5(const void *data, size_t len, char md5[S3_MD5_SIZE]);

/* A time as signatures have it. */
extern void s3_time(time_t now, char stamp[S3_TIME_SIZE]);

/*
 * A text with every byte escaped that is no letter, digit, "-", ".", "_" or
 * "~", but for slashes where keep_slashes; allocated.
 */
extern char *s3_escape(const char *from, bool keep_slashes);

/* A query of parameters whose names are in byte order; allocated. */
extern char *s3_query(const S3Pair *parameters, int count);

/* The value of the header "Authorization" of a request; allocated. */
extern char *s3_authorization(const S3Signing *signing,
							  const S3Identity *identity);

#endif

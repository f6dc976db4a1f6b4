/*
 * Signatures of requests to Azure's Blob service: Shared Key.
 */
#ifndef ERPGO_ENGINE_STORE_AZURE_SIGN_H
#define ERPGO_ENGINE_STORE_AZURE_SIGN_H

#include "store/s3_sign.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT", with its terminating zero. */
#define AZURE_TIME_SIZE 30

typedef struct AzureSigning
{
	const char *method;
	const char *account;
	const char *path;			/* as it is sent */
	const S3Pair *query;		/* names in byte order, values as they are */
	int			query_count;
	const S3Pair *headers;		/* names in lower case, in byte order;
								 * "x-ms-date" is among them */
	int			header_count;
	size_t		body_len;
} AzureSigning;

/* A time as requests have it. */
extern void azure_time(time_t now, char stamp[AZURE_TIME_SIZE]);

/*
 * The value of the header "Authorization" of a request, allocated; NULL if the
 * key is not one in base64.
 */
extern char *azure_authorization(const AzureSigning *signing, const char *key);

#endif

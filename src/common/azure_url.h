/*
 * Where a repository in Azure's Blob service is: a URL without secrets.
 */
#ifndef ERPGO_COMMON_AZURE_URL_H
#define ERPGO_COMMON_AZURE_URL_H

#include "common/s3_url.h"

#define AZURE_ACCOUNT_SIZE 25

typedef struct AzureUrl
{
	S3Url		storage;		/* the container is its bucket; host, sizes
								 * and timeout are those of this URL */
	char		account[AZURE_ACCOUNT_SIZE];
	bool		account_in_path;	/* of requests, and not in the host */
	char		tier[S3_CLASS_SIZE];	/* of new objects, or empty */
} AzureUrl;

/* Does a text begin as a URL of this kind? */
extern bool azure_url_is_meant(const char *url);

/*
 * Reads "azure://account/container/prefix?parameter=value&…".  On false,
 * *problem is a static sentence that says what would be valid.
 */
extern bool azure_url_parse(const char *url, AzureUrl *parsed,
							const char **problem);

#endif

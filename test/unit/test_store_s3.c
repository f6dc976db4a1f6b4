/*
 * The store that is a bucket, against the server that ERPGO_BACKUP_TEST_S3
 * names: a URL "s3://bucket?endpoint=…"; its keys are in the environment.
 */
#include "helpers.h"
#include "store_conformance.h"

#include <time.h>
#include <unistd.h>

#include "common/s3_url.h"
#include "stream/filters.h"

/* URLs of stores begin and end with this. */
static const char *bucket_url;
static const char *parameters;

/*
 * Opens another part of the bucket, in which there is nothing.
 */
static Store *
open_new_part(void)
{
	static int	count = 0;

	return store_open(psprintf("%s/unit-%ld-%d/part-%d%s", bucket_url,
							   (long) time(NULL), (int) getpid(), ++count, parameters),
					  false);
}

/*
 * Takes the URL and the keys from the environment; false if there are none.
 */
static bool
read_environment(void)
{
	const char *url = getenv("ERPGO_BACKUP_TEST_S3");
	StoreAccess access = {
		.access_key = getenv("AWS_ACCESS_KEY_ID"),
		.secret_key = getenv("AWS_SECRET_ACCESS_KEY"),
		.ca_file = getenv("BACKUP_CA_FILE")
	};

	if (url == NULL)
		return false;
	parameters = strchr(url, '?');
	bucket_url = pnstrdup(url, parameters - url);
	store_set_access(&access);
	return true;
}

int
main(void)
{
	if (!read_environment())
	{
		printf("1..0 # SKIP SKIPPED: object storage was not tested: ERPGO_BACKUP_TEST_S3 is not set\n");
		return 0;
	}
	return store_conformance("store in a bucket, as any store", open_new_part);
}

/*
 * A store that is a bucket of object storage, or a part of one.
 */
#include "postgres_fe.h"

#include "store/s3_store.h"

#include "failure.h"
#include "store/aws_credentials.h"
#include "store/s3_answer.h"

#define TOKEN_BYTES ((S3_TOKEN_SIZE - 1) / 2)

void
s3_token(char token[S3_TOKEN_SIZE])
{
	unsigned char bytes[TOKEN_BYTES];

	if (!pg_strong_random(bytes, sizeof(bytes)))
		fail(FAILURE_INTERNAL, NULL, "could not generate random bytes");
	for (int i = 0; i < TOKEN_BYTES; i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
}

void
s3_fail_duplicate(S3Store *store, const char *name)
{
	fail(FAILURE_DUPLICATE, NULL, "object \"%s\" already exists in \"%s\"",
		 name, store->store.url);
}

bool
s3_look(S3Store *store, const char *name, char token[S3_TOKEN_SIZE],
		int64 *size)
{
	S3Call		call = {.method = "HEAD", .name = name};
	S3Answer	answer;
	bool		found;

	s3_call(&store->client, &call, &answer);
	found = s3_answer_is_success(&answer);
	if (!found && !s3_answer_is_absent(&answer))
		s3_fail(&store->client, &answer, "examine", name);
	strlcpy(token, answer.token, S3_TOKEN_SIZE);
	*size = answer.size;
	s3_answer_free(&answer);
	return found;
}

/*
 * A bucket never gets full, and cannot rename.
 */
static bool
s3_rename(Store *store, const char *from, const char *to)
{
	return false;
}

/*
 * There are no folders to remove.
 */
static void
s3_prune(Store *store, const char *prefix)
{
}

/*
 * Nothing is kept on this side.
 */
static void
s3_forget(Store *store, const char *name)
{
}

static bool
s3_space(Store *store, int64 *free, int64 *total)
{
	return false;
}

static const char *
s3_credentials(Store *store)
{
	return aws_credentials_source();
}

static void
s3_close(Store *store)
{
	pg_free(store->url);
	pg_free(store);
}

const StoreOps s3_store_ops = {
	.put = s3_put,
	.get = s3_get,
	.gather = s3_gather,
	.list = s3_list,
	.remove = s3_remove,
	.remove_many = s3_remove_many,
	.thaw = s3_thaw,
	.rename = s3_rename,
	.sweep = s3_sweep,
	.prune = s3_prune,
	.forget = s3_forget,
	.space = s3_space,
	.credentials = s3_credentials,
	.close = s3_close
};

/*
 * Gives the URL a region, if it has none and one is set elsewhere.
 */
static void
settle_region(S3Url *url, const char *shown_url, const StoreAccess *access)
{
	char	   *region = url->has_region ? NULL : aws_region(access);

	if (region != NULL && !s3_url_set_region(url, region))
		fail(FAILURE_USAGE, "Check AWS_REGION, AWS_DEFAULT_REGION and the profile, or put a region into the URL.",
			 "the region that is set for repository \"%s\" cannot be one", shown_url);
	pg_free(region);
}

Store *
s3_store_open(const char *url, const StoreAccess *access)
{
	S3Store    *store = pg_malloc0(sizeof(S3Store));
	const char *problem;

	if (!s3_url_parse(url, &store->url, &problem))
		fail(FAILURE_USAGE, problem, "\"%s\" does not name a repository", url);
	settle_region(&store->url, url, access);
	(void) aws_credentials(access, store->url.region, url);
	store->store.ops = &s3_store_ops;
	store->store.url = pg_strdup(url);
	store->store.lock_days = store->url.lock_days;
	store->no_conditions = store->url.claims;
	store->client.shown_url = store->store.url;
	store->client.url = &store->url;
	store->client.access = *access;
	return &store->store;
}

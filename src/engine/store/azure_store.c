/*
 * A store that is a container of Azure's Blob service, or a part of one.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "store/azure_store.h"

static const char *
azure_credentials(Store *store)
{
	return azure_credentials_source(&((S3Store *) store)->client);
}

/*
 * Blocks that belong to no object are removed by the service itself, after a
 * week, and cannot be listed without it.
 */
static void
azure_sweep(Store *store, const char *prefix)
{
}

Store *
azure_store_open(const char *url, const StoreAccess *access)
{
	static StoreOps ops;
	AzureStore *store = pg_malloc0(sizeof(AzureStore));
	S3Store    *storage = &store->storage;
	const char *problem;

	if (!azure_url_parse(url, &store->url, &problem))
		fail(FAILURE_USAGE, problem, "\"%s\" does not name a repository", url);
	ops = s3_store_ops;
	ops.put = azure_put;
	ops.list = azure_list;
	ops.sweep = azure_sweep;
	ops.thaw = NULL;			/* the tiers that a URL may name can be read */
	ops.credentials = azure_credentials;
	storage->store.ops = &ops;
	storage->store.url = pg_strdup(url);
	storage->url = store->url.storage;
	storage->client.shown_url = storage->store.url;
	storage->client.url = &storage->url;
	storage->client.access = *access;
	storage->client.dialect = &azure_dialect;
	storage->client.dialect_url = &store->url;
	(void) azure_credentials_source(&storage->client);
	return &storage->store;
}

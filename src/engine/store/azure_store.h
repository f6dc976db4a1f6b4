/*
 * A store that is a container of Azure's Blob service, or a part of one.
 *
 * It is object storage, too: reading, sending requests, and sending them again
 * is what a bucket of S3 does.  Where they go, how they are signed, new
 * objects and listings are its own.
 */
#ifndef ERPGO_ENGINE_STORE_AZURE_STORE_H
#define ERPGO_ENGINE_STORE_AZURE_STORE_H

#include "common/azure_url.h"
#include "store/s3_exchange.h"
#include "store/s3_store.h"

typedef struct AzureStore
{
	S3Store		storage;
	AzureUrl	url;
} AzureStore;

/* Opens the container that a URL names, without asking for it. */
extern Store *azure_store_open(const char *url, const StoreAccess *access);

/* Which secret lets us in; fails if there is none. */
extern const char *azure_credentials_source(const S3Client *client);

/* What a client differs in from one of S3. */
extern const S3Dialect azure_dialect;

/* Callbacks of the store that have files of their own. */
extern Sink *azure_put(Store *store, const char *name, PutMode mode);
extern StoreListing azure_list(Store *store, const char *prefix);

#endif

/*
 * Stores: which kind a URL names, and what can be said of every kind.
 */
#include "postgres_fe.h"

#include "store/store.h"

#include "common/object_name.h"
#include "common/store_url.h"
#include "failure.h"
#include "store/azure_store.h"
#include "store/file_store.h"
#include "store/s3_store.h"
#include "store/sftp_store.h"
#include "stream/filters.h"

static StoreAccess store_access;

void
store_set_access(const StoreAccess *access)
{
	store_access = *access;
}

Store *
store_open(const char *url, bool create)
{
	const char *problem;

	if (!store_url_check(url, &problem))
		fail(FAILURE_USAGE, problem,
			 "\"%s\" does not name a repository", url);
	if (s3_url_is_meant(url))
		return s3_store_open(url, &store_access);
	if (azure_url_is_meant(url))
		return azure_store_open(url, &store_access);
	if (sftp_url_is_meant(url))
		return sftp_store_open(url, &store_access, create);
	return file_store_open(url, store_url_path(url), create);
}

/*
 * Names come from manifests and listings as well: no other name than a valid
 * one reaches a kind of store.
 */
static void
check_name(Store *store, const char *name)
{
	if (!object_name_is_valid(name))
		fail(FAILURE_DAMAGED, NULL,
			 "\"%s\" cannot be the name of an object in \"%s\"",
			 name, store->url);
}

/*
 * A prefix is nothing, a name, or a name and a slash.
 */
static void
check_prefix(Store *store, const char *prefix)
{
	size_t		len = strlen(prefix);
	char	   *name;

	if (len == 0)
		return;
	name = pnstrdup(prefix, prefix[len - 1] == '/' ? len - 1 : len);
	check_name(store, name);
	pg_free(name);
}

Sink *
store_put(Store *store, const char *name, PutMode mode)
{
	check_name(store, name);
	return store->ops->put(store, name, mode);
}

bool
store_get(Store *store, const char *name, Sink *into)
{
	check_name(store, name);
	return store->ops->get(store, name, into);
}

void
store_gather(Store *store, StoreBytes *objects, int count)
{
	for (int i = 0; i < count; i++)
	{
		check_name(store, objects[i].name);
		objects[i].data = NULL;
	}
	if (store->ops->gather != NULL)
		store->ops->gather(store, objects, count);
}

StoreListing
store_list(Store *store, const char *prefix)
{
	check_prefix(store, prefix);
	return store->ops->list(store, prefix);
}

void
store_remove(Store *store, const char *name)
{
	check_name(store, name);
	store->ops->remove(store, name);
}

/*
 * Removes objects at once, where the kind of store can.
 */
static void
remove_all(Store *store, char *const *names, int count, bool may_stay)
{
	for (int i = 0; i < count; i++)
	{
		check_name(store, names[i]);
		if (store->ops->remove_many == NULL)
			store->ops->remove(store, names[i]);
	}
	if (store->ops->remove_many != NULL && count > 0)
		store->ops->remove_many(store, names, count, may_stay);
}

void
store_remove_many(Store *store, char *const *names, int count)
{
	remove_all(store, names, count, false);
}

void
store_tidy(Store *store, char *const *names, int count)
{
	remove_all(store, names, count, true);
}

int
store_thaw(Store *store, const char *prefix)
{
	check_prefix(store, prefix);
	return store->ops->thaw == NULL ? 0 : store->ops->thaw(store, prefix);
}

bool
store_rename(Store *store, const char *from, const char *to)
{
	check_name(store, from);
	check_name(store, to);
	return store->ops->rename(store, from, to);
}

void
store_sweep(Store *store, const char *prefix)
{
	check_prefix(store, prefix);
	store->ops->sweep(store, prefix);
}

void
store_prune(Store *store, const char *prefix)
{
	check_prefix(store, prefix);
	store->ops->prune(store, prefix);
}

void
store_forget(Store *store, const char *name)
{
	check_name(store, name);
	store->ops->forget(store, name);
}

bool
store_is_on_server(const Store *store)
{
	return store_url_path(store->url) == NULL;
}

bool
store_space(Store *store, int64 *free, int64 *total)
{
	return store->ops->space(store, free, total);
}

void
store_require_space(Store *store, size_t len)
{
	int64		available;
	int64		total;

	if (store->reserve > 0 && store_space(store, &available, &total) &&
		available - (int64) len < store->reserve)
		fail(FAILURE_DISK_FULL,
			 "Free some space, keep fewer backups, or change the setting erpgo_backup.minimum_free_space.",
			 "repository \"%s\" has only " INT64_FORMAT " of " INT64_FORMAT " kB left, and " INT64_FORMAT " kB are kept free",
			 store->url, available / 1024, total / 1024, store->reserve / 1024);
}

const char *
store_credentials(Store *store)
{
	return store->ops->credentials(store);
}

void
store_close(Store *store)
{
	store->ops->close(store);
}

bool
store_listing_has(const StoreListing *listing, const char *name)
{
	for (int i = 0; i < listing->count; i++)
	{
		if (strcmp(listing->objects[i].name, name) == 0)
			return true;
	}
	return false;
}

void
store_listing_free(StoreListing *listing)
{
	for (int i = 0; i < listing->count; i++)
		pg_free(listing->objects[i].name);
	pg_free(listing->objects);
	listing->objects = NULL;
	listing->count = 0;
}

void
store_put_text(Store *store, const char *name, const char *content, PutMode mode)
{
	Sink	   *object = store_put(store, name, mode);

	sink_write(object, content, strlen(content));
	sink_finish(object);
	sink_release(object);
}

char *
store_get_text(Store *store, const char *name, size_t limit)
{
	char	   *content;
	size_t		len;
	Sink	   *memory = memory_sink(&content, &len, limit, name);
	bool		found = store_get(store, name, memory);

	sink_finish(memory);
	sink_release(memory);
	if (!found)
	{
		pg_free(content);
		return NULL;
	}

	/* What follows a zero byte would escape every check of the text. */
	if (strlen(content) != len)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: it contains a zero byte", name);
	return content;
}

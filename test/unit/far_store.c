/*
 * What tests of stores on a server have in common.
 */
#include "helpers.h"
#include "far_store.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* URLs of stores begin and end with this. */
static const char *base_url;
static const char *parameters;

static const char *
environment_variable(const char *name)
{
	return getenv(name);
}

bool
far_store_is_given(const char *variable, const char *ca_file)
{
	const char *url = getenv(variable);
	StoreAccess access = {.variable = environment_variable, .ca_file = ca_file};

	if (url == NULL)
		return false;
	parameters = strchr(url, '?');
	base_url = pnstrdup(url, parameters - url);
	store_set_access(&access);
	return true;
}

char *
far_store_url(const char *part)
{
	return psprintf("%s/%s%s", base_url, part, parameters);
}

Store *
far_store_open(const char *part, bool create)
{
	return store_open(far_store_url(part), create);
}

Store *
far_store_open_new(void)
{
	static int	count = 0;

	return far_store_open(psprintf("unit-%ld-%d/part-%d", (long) time(NULL), (int) getpid(), ++count),
						  false);
}

int
far_store_close(void **state)
{
	store_close(*state);
	return 0;
}

Sink *
begin_large(Store *store, int mib)
{
	Sink	   *object = store_put(store, "folder/large", PUT_NEW);
	char	   *data = random_data(MIB);

	for (int i = 0; i < mib; i++)
		sink_write(object, data, MIB);
	pg_free(data);
	return object;
}

/*
 * Kilobytes of memory that this process had at most.
 */
static long
peak_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

void
assert_memory_is_bounded(Store *store, int small_mib, int large_mib, int limit_mib)
{
	Sink	   *object = begin_large(store, small_mib);
	long		before = peak_memory();

	sink_release(object);
	object = begin_large(store, large_mib);
	sink_finish(object);
	sink_release(object);
	assert_true(peak_memory() - before < limit_mib * 1024L);
	store_remove(store, "folder/large");
}

/*
 * Reading the objects of a backup.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "priority.h"
#include "repository/backup_gather.h"
#include "repository/repository.h"
#include "repository/sealing.h"

/* What is read into memory as a whole has so many bytes at most. */
#define SMALL_LIMIT (64 * 1024 * 1024)

/* Counts what passes, and tells it. */
typedef struct WatchSink
{
	Sink		sink;
	int64	   *done;
	ProgressCallback progress;
} WatchSink;

static void
watch_write(Sink *sink, const void *data, size_t len)
{
	WatchSink  *watch = (WatchSink *) sink;

	/* Others may count in the same place. */
	(void) __atomic_fetch_add(watch->done, len, __ATOMIC_RELAXED);
	if (watch->progress != NULL)
		watch->progress();
	sink_write(sink->next, data, len);
}

static void
watch_release(Sink *sink)
{
	pg_free(sink);
}

static const SinkOps watch_ops = {
	.write = watch_write,
	.release = watch_release
};

/*
 * A sink that only watches what passes.
 */
static Sink *
watch_sink(Sink *next, int64 *done, ProgressCallback progress)
{
	WatchSink  *watch = pg_malloc0(sizeof(WatchSink));

	watch->sink.ops = &watch_ops;
	watch->sink.next = next;
	watch->done = done;
	watch->progress = progress;
	return &watch->sink;
}

/*
 * Gets the stored bytes of an object, which must be there.
 */
static void
get_object(Repository *repository, const char *name, Sink *into)
{
	if (!gathered_get(repository->store, name, into))
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is missing", name);
}

/*
 * Fails unless an object is what the manifest says.
 */
static void
check_digest(const char *name, const ManifestObject *object,
			 const Digest *digest)
{
	if (digest->size != object->stored_size)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" has %lld bytes, the manifest says %lld",
			 name, (long long) digest->size, (long long) object->stored_size);
	if (!constant_time_equal(digest->sha256, object->sha256))
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" does not match its SHA-256",
			 name);
}

void
object_verify_digest(Repository *repository, const char *backup_id,
					 const ManifestObject *object, bool forget, int64 *done,
					 ProgressCallback progress)
{
	char	   *name = backup_object_name(repository, backup_id, object->name);
	Digest		digest;
	Sink	   *chain = digest_sink(watch_sink(NULL, done, progress), &digest);

	if (forget)
		store_forget(repository->store, name);
	get_object(repository, name, chain);
	sink_finish(chain);
	sink_release(chain);
	check_digest(name, object, &digest);
	pg_free(name);
}

/*
 * Finishes the sinks of a chain that come before a certain one.
 */
static void
finish_before(Sink *chain, const Sink *end)
{
	for (Sink *sink = chain; sink != end; sink = sink->next)
	{
		if (sink->ops->finish != NULL)
			sink->ops->finish(sink);
	}
}

/*
 * Releases the sinks of a chain that come before a certain one.
 */
static void
release_before(Sink *chain, const Sink *end)
{
	Sink	   *last = chain;

	while (last->next != end)
		last = last->next;
	last->next = NULL;
	sink_release(chain);
}

void
object_read_stored(Repository *repository, const char *backup_id,
				   const ManifestObject *object, Sink *into, int64 *done)
{
	char	   *name = backup_object_name(repository, backup_id, object->name);
	Digest		digest;
	Sink	   *chain = digest_sink(into, &digest);

	if (done != NULL)
		chain = watch_sink(chain, done, NULL);
	get_object(repository, name, chain);
	finish_before(chain, into);
	check_digest(name, object, &digest);
	sink_finish(into);
	release_before(chain, into);
	pg_free(name);
}

void
backup_require_key(const Backup *backup)
{
	if (backup->manifest->cipher != CIPHER_NONE && backup->data_key[0] == '\0')
		fail(FAILURE_KEY, PRIVATE_KEY_HINT,
			 "cannot read backup \"%s\" without the private key", backup->manifest->id);
}

Sink *
backup_decrypt_sink(Sink *next, const Backup *backup, const char *name)
{
	backup_require_key(backup);
	return decrypt_sink(next, backup->manifest->cipher, backup->data_key, name);
}

void
object_read(Repository *repository, const Backup *backup,
			const ManifestObject *object, Sink *into)
{
	const Manifest *manifest = backup->manifest;
	char	   *name = backup_object_name(repository, manifest->id, object->name);
	Digest		digest;
	int64		size = 0;
	Sink	   *chain;

	chain = count_sink(into, &size);
	chain = decompress_sink(chain, manifest->compression.method, name);
	chain = backup_decrypt_sink(chain, backup, name);
	chain = digest_sink(chain, &digest);
	get_object(repository, name, chain);

	/* What the bytes go into may commit when it is finished: compare first. */
	finish_before(chain, into);
	check_digest(name, object, &digest);
	if (size != object->size)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" has %lld bytes when it is decoded, the manifest says %lld",
			 name, (long long) size, (long long) object->size);
	sink_finish(into);
	release_before(chain, into);
	pg_free(name);
}

char *
object_read_bytes(Repository *repository, const Backup *backup,
				  const ManifestObject *object, size_t *len)
{
	char	   *buffer = NULL;
	Sink	   *sink = memory_sink(&buffer, len, SMALL_LIMIT, object->name);

	object_read(repository, backup, object, sink);
	sink_release(sink);
	return buffer;
}

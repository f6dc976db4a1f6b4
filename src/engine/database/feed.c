/*
 * Gives the plain bytes of an object of a backup to a program.
 */
#include "database/feed.h"


/* What the worker needs to know. */
typedef struct Feed
{
	Repository *repository;
	const Backup *backup;
	const ManifestObject *object;
	int			fd;
	FeedProgress progress;
} Feed;

/* A sink that ends the worker as soon as nobody reads what the next writes. */
typedef struct FeedSink
{
	Sink		base;
	const Feed *feed;
	int64		done;
	bool		gone;
} FeedSink;

static void
feed_write(Sink *sink, const void *data, size_t len)
{
	FeedSink   *self = (FeedSink *) sink;

	sink_write(sink->next, data, len);
	if (self->gone)
		exit(0);
	self->done += len;
	if (self->feed->progress != NULL)
		self->feed->progress(self->done, self->feed->object->size);
}

static void
feed_release(Sink *sink)
{
	pg_free(sink);
}

static const SinkOps feed_ops = {
	.write = feed_write,
	.release = feed_release
};

/*
 * What the worker does.
 */
static void
feed_object(void *context)
{
	Feed	   *feed = context;
	FeedSink   *sink = pg_malloc0(sizeof(FeedSink));

	sink->base.ops = &feed_ops;
	sink->base.next = fd_sink(feed->fd, feed->object->name, &sink->gone);
	sink->feed = feed;
	object_read(feed->repository, feed->backup, feed->object, &sink->base);
	sink_release(&sink->base);
}

Isolated *
feed_start(Repository *repository, const Backup *backup,
		   const ManifestObject *object, int fd, FeedProgress progress)
{
	Feed		feed = {repository, backup, object, fd, progress};

	return isolated_start(feed_object, &feed);
}

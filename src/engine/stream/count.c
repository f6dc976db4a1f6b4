/*
 * The sink that counts what passes.
 */
#include "stream/filters.h"

typedef struct CountSink
{
	Sink		sink;
	int64	   *total;
} CountSink;

static void
count_write(Sink *sink, const void *data, size_t len)
{
	*((CountSink *) sink)->total += len;
	sink_write(sink->next, data, len);
}

static void
count_release(Sink *sink)
{
	pg_free(sink);
}

static const SinkOps count_ops = {
	.write = count_write,
	.release = count_release,
};

Sink *
count_sink(Sink *next, int64 *total)
{
	CountSink  *count = pg_malloc(sizeof(CountSink));

	count->sink.ops = &count_ops;
	count->sink.next = next;
	count->total = total;
	return &count->sink;
}

/*
 * The sink that collects everything in memory.
 */
#include "failure.h"
#include "stream/filters.h"

#define FIRST_SIZE 1024

typedef struct MemorySink
{
	Sink		sink;
	char	  **buffer;
	size_t	   *len;
	size_t		size;			/* allocated, the terminating zero included */
	size_t		limit;
	char	   *name;
} MemorySink;

/*
 * Makes room for so many more bytes and the terminating zero.
 */
static void
enlarge(MemorySink *memory, size_t more)
{
	size_t		needed = *memory->len + more + 1;

	if (needed <= memory->size)
		return;
	memory->size = Max(needed, 2 * memory->size);
	*memory->buffer = pg_realloc(*memory->buffer, memory->size);
}

static void
memory_write(Sink *sink, const void *data, size_t len)
{
	MemorySink *memory = (MemorySink *) sink;

	if (len > memory->limit - *memory->len)
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is larger than %zu bytes",
			 memory->name, memory->limit);
	enlarge(memory, len);
	memcpy(*memory->buffer + *memory->len, data, len);
	*memory->len += len;
	(*memory->buffer)[*memory->len] = '\0';
}

static void
memory_release(Sink *sink)
{
	MemorySink *memory = (MemorySink *) sink;

	pg_free(memory->name);
	pg_free(memory);
}

static const SinkOps memory_ops = {
	.write = memory_write,
	.release = memory_release,
};

Sink *
memory_sink(char **buffer, size_t *len, size_t limit, const char *name)
{
	MemorySink *memory = pg_malloc(sizeof(MemorySink));

	memory->sink.ops = &memory_ops;
	memory->sink.next = NULL;
	memory->buffer = buffer;
	memory->len = len;
	memory->size = FIRST_SIZE;
	memory->limit = limit;
	memory->name = pg_strdup(name);
	*buffer = pg_malloc0(FIRST_SIZE);
	*len = 0;
	return &memory->sink;
}

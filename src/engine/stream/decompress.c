/*
 * The sink that decompresses.
 */
#include "failure.h"
#include "stream/codec.h"
#include "stream/filters.h"

typedef struct DecompressSink
{
	Sink		sink;
	const Codec *codec;
	void	   *decoder;
	char	   *name;			/* of the object, for messages */
	DecodeResult last_result;
	size_t		used;			/* of buffer */
	char		buffer[FRAME_SIZE];
} DecompressSink;

/*
 * Hands on what was decompressed so far.
 */
static void
flush(DecompressSink *decompress)
{
	sink_write(decompress->sink.next, decompress->buffer, decompress->used);
	decompress->used = 0;
}

static void
decompress_write(Sink *sink, const void *data, size_t len)
{
	DecompressSink *decompress = (DecompressSink *) sink;
	DecodeStep	step = {.in = data, .in_len = len};
	bool		was_full;

	do
	{
		step.out = decompress->buffer + decompress->used;
		step.out_room = FRAME_SIZE - decompress->used;
		decompress->last_result = decompress->codec->decode(decompress->decoder, &step);
		if (decompress->last_result == DECODE_DAMAGED)
			fail(FAILURE_DAMAGED, NULL, "cannot decompress object \"%s\": %s",
				 decompress->name, step.problem);
		decompress->used = step.out - decompress->buffer;

		was_full = step.out_room == 0;
		if (was_full)
			flush(decompress);
		/* Without room, the decoder may have kept something back. */
	} while (step.in_len > 0 ||
			 (was_full && decompress->last_result == DECODE_MORE));
}

static void
decompress_finish(Sink *sink)
{
	DecompressSink *decompress = (DecompressSink *) sink;

	flush(decompress);
	if (decompress->last_result != DECODE_FRAME_END)
		fail(FAILURE_DAMAGED, NULL,
			 "cannot decompress object \"%s\": it ends in the middle of a frame",
			 decompress->name);
}

static void
decompress_release(Sink *sink)
{
	DecompressSink *decompress = (DecompressSink *) sink;

	decompress->codec->decoder_close(decompress->decoder);
	pg_free(decompress->name);
	pg_free(decompress);
}

static const SinkOps decompress_ops = {
	.write = decompress_write,
	.finish = decompress_finish,
	.release = decompress_release,
};

Sink *
decompress_sink(Sink *next, CompressionMethod method, const char *name)
{
	DecompressSink *decompress;

	if (method == COMPRESSION_NONE)
		return next;
	decompress = pg_malloc(sizeof(DecompressSink));
	decompress->sink.ops = &decompress_ops;
	decompress->sink.next = next;
	decompress->codec = codec_of(method);
	decompress->decoder = decompress->codec->decoder_open();
	decompress->name = pg_strdup(name);
	decompress->last_result = DECODE_MORE;
	decompress->used = 0;
	return &decompress->sink;
}

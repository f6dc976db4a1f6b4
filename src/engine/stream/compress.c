/*
 * The sink that compresses in this process.
 */
#include "stream/compress.h"

typedef struct CompressSink
{
	Sink		sink;
	size_t		(*encode) (void *encoder, const void *data, size_t len,
						   char *frame, size_t frame_room);
	const Codec *codec;
	void	   *encoder;
	bool		wrote_frame;
	size_t		filled;			/* of plain */
	char	   *plain;			/* FRAME_SIZE bytes */
	char	   *frame;
	size_t		frame_room;
} CompressSink;

/*
 * Hands on some bytes as one frame.
 */
static void
write_frame(CompressSink *compress, const void *data, size_t len)
{
	size_t		frame_len = compress->encode(compress->encoder, data, len,
											 compress->frame, compress->frame_room);

	compress->wrote_frame = true;
	sink_write(compress->sink.next, compress->frame, frame_len);
}

/*
 * Collects bytes until there are enough for a frame, and returns how many it
 * took.
 */
static size_t
collect(CompressSink *compress, const char *data, size_t len)
{
	size_t		taken = Min(len, FRAME_SIZE - compress->filled);

	memcpy(compress->plain + compress->filled, data, taken);
	compress->filled += taken;
	if (compress->filled == FRAME_SIZE)
	{
		write_frame(compress, compress->plain, FRAME_SIZE);
		compress->filled = 0;
	}
	return taken;
}

static void
compress_write(Sink *sink, const void *data, size_t len)
{
	CompressSink *compress = (CompressSink *) sink;
	const char *from = data;

	while (len > 0)
	{
		size_t		taken = FRAME_SIZE;

		if (compress->filled == 0 && len >= FRAME_SIZE)
			write_frame(compress, from, FRAME_SIZE);
		else
			taken = collect(compress, from, len);
		from += taken;
		len -= taken;
	}
}

static void
compress_finish(Sink *sink)
{
	CompressSink *compress = (CompressSink *) sink;

	if (compress->filled > 0 || !compress->wrote_frame)
		write_frame(compress, compress->plain, compress->filled);
}

static void
compress_release(Sink *sink)
{
	CompressSink *compress = (CompressSink *) sink;

	compress->codec->encoder_close(compress->encoder);
	pg_free(compress->plain);
	pg_free(compress->frame);
	pg_free(compress);
}

static const SinkOps compress_ops = {
	.write = compress_write,
	.finish = compress_finish,
	.release = compress_release,
};

Sink *
serial_compress_sink(Sink *next, const Codec *codec, int level, bool gently)
{
	CompressSink *compress = pg_malloc0(sizeof(CompressSink));

	compress->sink.ops = &compress_ops;
	compress->sink.next = next;
	compress->codec = codec;
	compress->encode = gently ? codec->encode_gently : codec->encode;
	compress->encoder = codec->encoder_open(level);
	compress->plain = pg_malloc(FRAME_SIZE);
	compress->frame_room = codec->bound(FRAME_SIZE);
	compress->frame = pg_malloc(compress->frame_room);
	return &compress->sink;
}

Sink *
compress_sink(Sink *next, const Compression *compression, int workers,
			  bool gently)
{
	const Codec *codec;

	if (compression->method == COMPRESSION_NONE)
		return next;
	codec = codec_of(compression->method);
	if (workers <= 1)
		return serial_compress_sink(next, codec, compression->level, gently);
	return parallel_compress_sink(next, codec, compression->level, workers);
}

/*
 * Looks at compressed bytes without decompressing them all.
 */
#include "postgres_fe.h"

#define LZ4F_STATIC_LINKING_ONLY
#include <lz4frame.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "failure.h"
#include "lib/stringinfo.h"
#include "stream/filters.h"
#include "stream/skim.h"

/* A frame of FRAME_SIZE plain bytes is never as long as this. */
#define FRAME_LENGTH_LIMIT (8 * FRAME_SIZE)

/* The header of an LZ4 frame: a byte of flags, and where the size may be. */
#define LZ4_FLAGS_OFFSET 4
#define LZ4_FLAG_CONTENT_CHECKSUM 0x04
#define LZ4_FLAG_CONTENT_SIZE 0x08
#define LZ4_FLAG_BLOCK_CHECKSUM 0x10
#define LZ4_CONTENT_SIZE_OFFSET 6

/* The other parts of an LZ4 frame. */
#define LZ4_BLOCK_HEADER 4
#define LZ4_BLOCK_LENGTH_MASK 0x7FFFFFFF
#define LZ4_CHECKSUM 4

/* What is known of the frame at the beginning of some bytes. */
typedef struct Frame
{
	size_t		length;			/* 0 if not all of it is there */
	uint64		content;		/* plain bytes */
	const char *problem;		/* not NULL if it is no frame */
} Frame;

typedef struct SkimSink
{
	Sink		sink;
	Frame		(*measure) (const unsigned char *data, size_t len);
	CompressionMethod method;
	char	   *name;
	int64	   *size;
	StringInfoData bytes;		/* the last whole frame and what follows it */
	size_t		frame_length;	/* of that frame; 0 before the first */
} SkimSink;

/*
 * Measures a frame of Zstandard.
 */
static Frame
measure_zstd(const unsigned char *data, size_t len)
{
	size_t		length = ZSTD_findFrameCompressedSize(data, len);
	Frame		frame = {0};

	if (!ZSTD_isError(length))
	{
		frame.length = length;
		frame.content = ZSTD_getFrameContentSize(data, len);
		if (frame.content > PG_INT32_MAX)
			frame.problem = "a frame does not say how much it holds";
	}
	else if (ZSTD_getErrorCode(length) != ZSTD_error_srcSize_wrong)
		frame.problem = ZSTD_getErrorName(length);
	return frame;
}

/*
 * An integer as LZ4 stores it, least significant byte first.
 */
static uint64
little_endian(const unsigned char *data, int bytes)
{
	uint64		value = 0;

	while (bytes-- > 0)
		value = value << 8 | data[bytes];
	return value;
}

/*
 * The length of the blocks of an LZ4 frame with their end mark; 0 if they are
 * not all there.
 */
static size_t
measure_lz4_blocks(const unsigned char *data, size_t len, size_t checksum)
{
	size_t		position = 0;

	while (len - position >= LZ4_BLOCK_HEADER)
	{
		size_t		block = little_endian(data + position, LZ4_BLOCK_HEADER);

		position += LZ4_BLOCK_HEADER;
		if (block == 0)
			return position;
		block = (block & LZ4_BLOCK_LENGTH_MASK) + checksum;
		if (len - position < block)
			return 0;
		position += block;
	}
	return 0;
}

/*
 * Measures a frame of LZ4.
 */
static Frame
measure_lz4(const unsigned char *data, size_t len)
{
	Frame		frame = {0};
	size_t		header;
	size_t		blocks;
	int			flags;

	if (len < LZ4F_MIN_SIZE_TO_KNOW_HEADER_LENGTH)
		return frame;
	header = LZ4F_headerSize(data, len);
	if (LZ4F_isError(header))
	{
		frame.problem = LZ4F_getErrorName(header);
		return frame;
	}
	flags = data[LZ4_FLAGS_OFFSET];
	if (len < header)
		return frame;
	blocks = measure_lz4_blocks(data + header, len - header,
								flags & LZ4_FLAG_BLOCK_CHECKSUM ? LZ4_CHECKSUM : 0);
	if (flags & LZ4_FLAG_CONTENT_SIZE)
		frame.content = little_endian(data + LZ4_CONTENT_SIZE_OFFSET, sizeof(uint64));
	if (blocks > 0)
		frame.length = header + blocks +
			(flags & LZ4_FLAG_CONTENT_CHECKSUM ? LZ4_CHECKSUM : 0);
	if (frame.length > len)
		frame.length = 0;
	return frame;
}

/*
 * Fails because of what was found.
 */
static void
fail_damaged(const SkimSink *skim, const char *problem)
{
	fail(FAILURE_DAMAGED, NULL, "cannot decompress object \"%s\": %s",
		 skim->name, problem);
}

/*
 * Measures the frames that are whole by now, and forgets all but the last.
 */
static void
skim_write(Sink *sink, const void *data, size_t len)
{
	SkimSink   *skim = (SkimSink *) sink;
	StringInfo	bytes = &skim->bytes;
	size_t		last = 0;
	Frame		frame;

	appendBinaryStringInfo(bytes, data, len);
	for (;;)
	{
		size_t		next = last + skim->frame_length;

		frame = skim->measure((unsigned char *) bytes->data + next, bytes->len - next);
		if (frame.problem != NULL)
			fail_damaged(skim, frame.problem);
		if (frame.length == 0)
			break;
		*skim->size += frame.content;
		last = next;
		skim->frame_length = frame.length;
	}
	bytes->len -= last;
	memmove(bytes->data, bytes->data + last, bytes->len);
	if (bytes->len - skim->frame_length > FRAME_LENGTH_LIMIT)
		fail_damaged(skim, "it has a longer frame than is ever written");
}

/*
 * Decompresses the last frame.
 */
static void
skim_finish(Sink *sink)
{
	SkimSink   *skim = (SkimSink *) sink;
	Sink	   *decompress = decompress_sink(NULL, skim->method, skim->name);

	/* What follows it, if anything, is not whole. */
	sink_write(decompress, skim->bytes.data, skim->bytes.len);
	sink_finish(decompress);
	sink_release(decompress);
}

static void
skim_release(Sink *sink)
{
	SkimSink   *skim = (SkimSink *) sink;

	pfree(skim->bytes.data);
	pg_free(skim->name);
	pg_free(skim);
}

static const SinkOps skim_ops = {
	.write = skim_write,
	.finish = skim_finish,
	.release = skim_release
};

Sink *
skim_sink(CompressionMethod method, const char *name, int64 *size)
{
	SkimSink   *skim;

	*size = 0;
	if (method == COMPRESSION_NONE || method == COMPRESSION_GZIP)
		return decompress_sink(count_sink(NULL, size), method, name);
	skim = pg_malloc0(sizeof(SkimSink));
	skim->sink.ops = &skim_ops;
	skim->measure = method == COMPRESSION_ZSTD ? measure_zstd : measure_lz4;
	skim->method = method;
	skim->name = pg_strdup(name);
	skim->size = size;
	initStringInfo(&skim->bytes);
	return &skim->sink;
}

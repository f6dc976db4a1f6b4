/*
 * Members of gzip (RFC 1952).  libdeflate writes them, several times faster
 * than zlib; zlib reads them, for it does so in pieces.
 */
#include "postgres_fe.h"

#include <libdeflate.h>
#include <zlib.h>

#include "failure.h"
#include "stream/codec.h"

/* The largest window of the format, and a header of gzip alone. */
#define GZIP_WINDOW_BITS (15 + 16)

static size_t
gzip_bound(size_t len)
{
	return libdeflate_gzip_compress_bound(NULL, len);
}

static void *
gzip_encoder_open(int level)
{
	struct libdeflate_compressor *encoder = libdeflate_alloc_compressor(level);

	if (encoder == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not compress with gzip: out of memory");
	return encoder;
}

static size_t
gzip_encode(void *encoder, const void *data, size_t len,
			char *frame, size_t frame_room)
{
	size_t		frame_len = libdeflate_gzip_compress(encoder, data, len,
													 frame, frame_room);

	if (frame_len == 0)
		fail(FAILURE_INTERNAL, NULL, "could not compress with gzip: no room for the result");
	return frame_len;
}

static void
gzip_encoder_close(void *encoder)
{
	libdeflate_free_compressor(encoder);
}

static void *
gzip_decoder_open(void)
{
	z_stream   *decoder = pg_malloc0(sizeof(z_stream));

	if (inflateInit2(decoder, GZIP_WINDOW_BITS) != Z_OK)
		fail(FAILURE_INTERNAL, NULL, "could not decompress with gzip: out of memory");
	return decoder;
}

/*
 * Turns a result of inflate into ours; a member that ended makes room for the
 * next one.
 */
static DecodeResult
gzip_result(z_stream *stream, int result, DecodeStep *step)
{
	switch (result)
	{
		case Z_STREAM_END:
			inflateReset(stream);
			return DECODE_FRAME_END;
		case Z_OK:
		case Z_BUF_ERROR:		/* no input is left */
			return DECODE_MORE;
		default:
			step->problem = stream->msg != NULL ? stream->msg : zError(result);
			return DECODE_DAMAGED;
	}
}

static DecodeResult
gzip_decode(void *decoder, DecodeStep *step)
{
	z_stream   *stream = decoder;
	uInt		in_len = Min(step->in_len, UINT_MAX);
	uInt		out_room = Min(step->out_room, UINT_MAX);
	int			result;

	stream->next_in = (Bytef *) unconstify(char *, step->in);
	stream->avail_in = in_len;
	stream->next_out = (Bytef *) step->out;
	stream->avail_out = out_room;

	result = inflate(stream, Z_NO_FLUSH);

	step->in += in_len - stream->avail_in;
	step->in_len -= in_len - stream->avail_in;
	step->out += out_room - stream->avail_out;
	step->out_room -= out_room - stream->avail_out;
	return gzip_result(stream, result, step);
}

static void
gzip_decoder_close(void *decoder)
{
	inflateEnd(decoder);
	pg_free(decoder);
}

const Codec gzip_codec = {
	.bound = gzip_bound,
	.encoder_open = gzip_encoder_open,
	.encode = gzip_encode,
	.encode_gently = gzip_encode,
	.encoder_close = gzip_encoder_close,
	.decoder_open = gzip_decoder_open,
	.decode = gzip_decode,
	.decoder_close = gzip_decoder_close,
};

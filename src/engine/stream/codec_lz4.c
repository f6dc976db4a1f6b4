/*
 * Frames of LZ4, each with its content size and a checksum of the content.
 */
#include "postgres_fe.h"

#include <lz4frame.h>

#include "failure.h"
#include "stream/codec.h"

/* What all frames have in common but for level and size. */
static const LZ4F_preferences_t common_preferences = {
	.frameInfo = {
		.blockSizeID = LZ4F_max1MB,
		.blockMode = LZ4F_blockIndependent,
		.contentChecksumFlag = LZ4F_contentChecksumEnabled,
	},
};

/*
 * Gives back the result of a function of liblz4; fails if it is an error.
 */
static size_t
check(size_t result)
{
	if (LZ4F_isError(result))
		fail(FAILURE_INTERNAL, NULL, "could not compress with lz4: %s",
			 LZ4F_getErrorName(result));
	return result;
}

static size_t
lz4_bound(size_t len)
{
	return LZ4F_compressFrameBound(len, &common_preferences);
}

static void *
lz4_encoder_open(int level)
{
	LZ4F_preferences_t *encoder = pg_malloc(sizeof(LZ4F_preferences_t));

	*encoder = common_preferences;
	encoder->compressionLevel = level;
	return encoder;
}

static size_t
lz4_encode(void *encoder, const void *data, size_t len,
		   char *frame, size_t frame_room)
{
	LZ4F_preferences_t *preferences = encoder;

	preferences->frameInfo.contentSize = len;
	return check(LZ4F_compressFrame(frame, frame_room, data, len, preferences));
}

static void
lz4_encoder_close(void *encoder)
{
	pg_free(encoder);
}

static void *
lz4_decoder_open(void)
{
	LZ4F_dctx  *decoder;

	check(LZ4F_createDecompressionContext(&decoder, LZ4F_VERSION));
	return decoder;
}

static DecodeResult
lz4_decode(void *decoder, DecodeStep *step)
{
	size_t		in_len = step->in_len;
	size_t		out_len = step->out_room;
	size_t		left = LZ4F_decompress(decoder, step->out, &out_len,
									   step->in, &in_len, NULL);

	if (LZ4F_isError(left))
	{
		step->problem = LZ4F_getErrorName(left);
		return DECODE_DAMAGED;
	}
	step->in += in_len;
	step->in_len -= in_len;
	step->out += out_len;
	step->out_room -= out_len;
	return left == 0 ? DECODE_FRAME_END : DECODE_MORE;
}

static void
lz4_decoder_close(void *decoder)
{
	LZ4F_freeDecompressionContext(decoder);
}

const Codec lz4_codec = {
	.bound = lz4_bound,
	.encoder_open = lz4_encoder_open,
	.encode = lz4_encode,
	.encode_gently = lz4_encode,
	.encoder_close = lz4_encoder_close,
	.decoder_open = lz4_decoder_open,
	.decode = lz4_decode,
	.decoder_close = lz4_decoder_close,
};

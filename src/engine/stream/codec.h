/*
 * The methods of compression, each behind one table of functions.
 *
 * A frame is compressed at once, for that is cheaper than a stream and lets
 * several processes share the work.  Reading takes any sequence of frames in
 * pieces of any size.
 */
#ifndef ERPGO_ENGINE_STREAM_CODEC_H
#define ERPGO_ENGINE_STREAM_CODEC_H

#include "common/compression.h"
#include "postgres_fe.h"

typedef enum DecodeResult
{
	DECODE_MORE,				/* in the middle of a frame */
	DECODE_FRAME_END,			/* a frame has just ended */
	DECODE_DAMAGED				/* DecodeStep.problem says what is wrong */
} DecodeResult;

/* What a step of decoding reads and writes; each advances what it used. */
typedef struct DecodeStep
{
	const char *in;
	size_t		in_len;
	char	   *out;
	size_t		out_room;
	const char *problem;		/* in static memory */
} DecodeStep;

typedef struct Codec
{
	/* How long a frame of so many plain bytes can become. */
	size_t		(*bound) (size_t len);

	/* The context that compresses at a level. */
	void	   *(*encoder_open) (int level);

	/* Makes one frame of some bytes, and returns its length. */
	size_t		(*encode) (void *encoder, const void *data, size_t len,
						   char *frame, size_t frame_room);

	/*
	 * The same with the processor given up now and then, for a caller whose
	 * bytes come from another process of this machine: that need not wait for
	 * a whole frame.  The same function where that makes no difference.
	 */
	size_t		(*encode_gently) (void *encoder, const void *data, size_t len,
								  char *frame, size_t frame_room);
	void		(*encoder_close) (void *encoder);

	/* The context that decompresses, with bounded memory. */
	void	   *(*decoder_open) (void);

	/* Decodes until input or room is used up, or a frame ends. */
	DecodeResult (*decode) (void *decoder, DecodeStep *step);
	void		(*decoder_close) (void *decoder);
} Codec;

extern const Codec gzip_codec;
extern const Codec lz4_codec;
extern const Codec zstd_codec;

/* The functions of a method other than COMPRESSION_NONE. */
extern const Codec *codec_of(CompressionMethod method);

#endif

/*
 * Which functions belong to which method of compression.
 */
#include "stream/codec.h"

const Codec *
codec_of(CompressionMethod method)
{
	static const Codec *const codecs[] = {
		[COMPRESSION_GZIP] = &gzip_codec,
		[COMPRESSION_LZ4] = &lz4_codec,
		[COMPRESSION_ZSTD] = &zstd_codec,
	};

	return codecs[method];
}

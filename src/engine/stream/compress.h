/*
 * The two ways to compress: in this process, or by several others.
 */
#ifndef ERPGO_ENGINE_STREAM_COMPRESS_H
#define ERPGO_ENGINE_STREAM_COMPRESS_H

#include "stream/codec.h"
#include "stream/filters.h"

/* Compresses frame by frame in this process. */
extern Sink *serial_compress_sink(Sink *next, const Codec *codec, int level,
								  bool gently);

/*
 * Compresses by at most so many worker processes.  Each is started when a
 * frame would have to wait for the others; what fits into one frame is
 * compressed in this process.
 */
extern Sink *parallel_compress_sink(Sink *next, const Codec *codec, int level,
									int workers);

#endif

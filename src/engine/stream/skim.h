/*
 * Looks at compressed bytes without decompressing them all.
 */
#ifndef ERPGO_ENGINE_STREAM_SKIM_H
#define ERPGO_ENGINE_STREAM_SKIM_H

#include "common/compression.h"
#include "stream/sink.h"

/*
 * The last sink of a chain: finds out whether what it gets are whole frames,
 * and adds up in *size how many plain bytes they hold.  Of zstd and LZ4 only
 * the headers of frames and blocks are looked at, and the last frame is
 * decompressed; gzip does not say where a member ends, so all of it is.
 * Anything wrong is FAILURE_DAMAGED; name says of which object.
 */
extern Sink *skim_sink(CompressionMethod method, const char *name, int64 *size);

#endif

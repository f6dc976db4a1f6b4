/*
 * The sinks that change or look at what passes through.
 */
#ifndef ERPGO_ENGINE_STREAM_FILTERS_H
#define ERPGO_ENGINE_STREAM_FILTERS_H

#include "common/compression.h"
#include "common/encryption.h"
#include "stream/sink.h"

/* The unit of compression: how many plain bytes go into one frame. */
#define FRAME_SIZE (1024 * 1024)

/* A SHA-256 in lower-case hexadecimal, with its terminating zero. */
#define SHA256_HEX_SIZE 65

/* What a digest sink saw. */
typedef struct Digest
{
	int64		size;			/* bytes */
	char		sha256[SHA256_HEX_SIZE];	/* set when the sink is finished */
} Digest;

/*
 * Compresses into independent frames of FRAME_SIZE plain bytes each (zstd
 * frames with checksum and content size, gzip members, LZ4 frames with
 * checksum), which plain tools read as one stream.  With more than one
 * worker, frames are compressed by that many worker processes and written in
 * their order; memory is bounded by a few frames for each worker.  A worker
 * that dies is a failure that names its signal.  COMPRESSION_NONE passes
 * bytes on.  An empty stream becomes one empty frame.  gently is for bytes that
 * come from another process of this machine, which is given the processor more
 * often then.
 */
extern Sink *compress_sink(Sink *next, const Compression *compression,
						   int workers, bool gently);

/*
 * Decompresses any sequence of frames.  Damage, or an end in the middle of a
 * frame, is FAILURE_DAMAGED; name says of which object.
 */
extern Sink *decompress_sink(Sink *next, CompressionMethod method,
							 const char *name);

/*
 * Encrypts as "openssl enc -aes-256-cbc -pbkdf2 -iter 1 -md sha256" (or ctr)
 * does with this passphrase: "Salted__", eight random bytes of salt, the
 * encrypted bytes.  CIPHER_NONE passes bytes on.
 */
extern Sink *encrypt_sink(Sink *next, Cipher cipher, const char *passphrase);

/*
 * The reverse.  A missing header or bad padding is FAILURE_DAMAGED; name says
 * of which object.
 */
extern Sink *decrypt_sink(Sink *next, Cipher cipher, const char *passphrase,
						  const char *name);

/*
 * Counts and hashes (SHA-256) what passes, into *digest.  next may be NULL.
 */
extern Sink *digest_sink(Sink *next, Digest *digest);

/* Only counts: adds the bytes that pass to *total.  next may be NULL. */
extern Sink *count_sink(Sink *next, int64 *total);

/*
 * Writes to a file descriptor, which it does not close.  name is used in
 * messages.  If the reader went away (EPIPE): with gone not NULL, *gone
 * becomes true and what follows is dropped; with NULL it is a failure.
 */
extern Sink *fd_sink(int fd, const char *name, bool *gone);

/*
 * Collects everything in memory, up to limit bytes; more is FAILURE_DAMAGED
 * that names the object.  The text lives in *buffer, allocated, with a
 * terminating zero that *len does not count; it outlives the sink.
 */
extern Sink *memory_sink(char **buffer, size_t *len, size_t limit,
						 const char *name);

#endif

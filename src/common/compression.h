/*
 * How an object is compressed, as in the setting "zstd:3".
 */
#ifndef ERPGO_COMMON_COMPRESSION_H
#define ERPGO_COMMON_COMPRESSION_H

#include <stdbool.h>

typedef enum CompressionMethod
{
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_LZ4,
	COMPRESSION_ZSTD
} CompressionMethod;

typedef struct Compression
{
	CompressionMethod method;
	int			level;			/* 0 where the method has no levels */
} Compression;

/* Enough for compression_format. */
#define COMPRESSION_SIZE 16

/*
 * Reads "METHOD" or "METHOD:LEVEL".  Levels: zstd 1 to 19 (default 1), gzip 1
 * to 12 (default 4), lz4 0 to 12 (default 0); none takes no level.  On false,
 * *problem is a static sentence that says what would be valid.
 */
extern bool compression_parse(const char *text, Compression *compression,
							  const char **problem);

/* Writes the canonical text, always with the level where there is one. */
extern void compression_format(const Compression *compression,
							   char text[COMPRESSION_SIZE]);

/* The ending of file names: "", ".gz", ".lz4" or ".zst"; static memory. */
extern const char *compression_suffix(CompressionMethod method);

#endif

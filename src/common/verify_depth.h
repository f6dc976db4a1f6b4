/*
 * How thoroughly a backup is verified; each depth includes the ones before it.
 */
#ifndef ERPGO_COMMON_VERIFY_DEPTH_H
#define ERPGO_COMMON_VERIFY_DEPTH_H

#include <stdbool.h>

typedef enum VerifyDepth
{
	VERIFY_DIGEST,				/* every stored byte against the manifest */
	VERIFY_ARCHIVE,				/* and the table of contents of each archive */
	VERIFY_FULL,				/* and everything decoded and parsed */
	VERIFY_RESTORE				/* and restored into a scratch server */
} VerifyDepth;

/* Reads a depth by its name; false if there is none of that name. */
extern bool verify_depth_parse(const char *word, VerifyDepth *depth);

/* The word for a depth, in static memory. */
extern const char *verify_depth_name(VerifyDepth depth);

#endif

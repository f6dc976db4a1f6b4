/*
 * The name of an object of the WAL archive, without its folder:
 *
 *   <file>-<content>-<stored>[-<cluster key>]<suffixes>
 */
#ifndef ERPGO_COMMON_WAL_OBJECT_H
#define ERPGO_COMMON_WAL_OBJECT_H

#include <stdbool.h>

#include "common/compression.h"
#include "common/wal_name.h"

/* Hexadecimal digits with their terminating zero. */
#define WAL_PROOF_SIZE 33
#define WAL_KEY_SIZE 17
/* Enough for every name and its terminating zero. */
#define WAL_OBJECT_SIZE 160

typedef struct WalObject
{
	char		file[WAL_NAME_SIZE];
	WalName		name;			/* what file says */
	char		content[WAL_PROOF_SIZE];
	char		stored[WAL_PROOF_SIZE];
	char		cluster_key[WAL_KEY_SIZE];	/* "" if it is not encrypted */
	CompressionMethod compression;
} WalObject;

/* Writes the name of an object; its "name" need not be set. */
extern void wal_object_format(const WalObject *object,
							  char text[WAL_OBJECT_SIZE]);

/* Reads it; false unless it is what wal_object_format writes. */
extern bool wal_object_parse(const char *text, WalObject *object);

#endif

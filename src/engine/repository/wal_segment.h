/*
 * What the beginning of a WAL segment says of it.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_WAL_SEGMENT_H
#define ERPGO_ENGINE_REPOSITORY_WAL_SEGMENT_H

#include "common/wal_name.h"
#include "postgres_fe.h"

/* So many bytes at the beginning are looked at. */
#define WAL_SEGMENT_HEADER_SIZE 40

/*
 * Fails (FAILURE_DAMAGED) unless a file of so many bytes that begins like this
 * is the whole segment of that name, written by the server with that system
 * identifier.  path is for messages.
 */
extern void wal_segment_check(const char *header, int64 size,
							  const WalName *name,
							  const char *system_identifier, const char *path);

/*
 * How large a segment is that begins like this, of which so many bytes are
 * there.  FAILURE_DAMAGED if that cannot be.
 */
extern uint32 wal_segment_size(const char *header, int64 known, const char *path);

#endif

/*
 * Pieces of the segment that a server is writing, in the WAL archive: what
 * loses less than a segment when the server is lost (docs/REPOSITORY_FORMAT.md,
 * section 12).  A piece is never a reason to take its segment for archived.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_WAL_TAIL_H
#define ERPGO_ENGINE_REPOSITORY_WAL_TAIL_H

#include "repository/wal_archive.h"

/* A segment of which a piece is to be stored. */
typedef struct WalTailSource
{
	WalName		segment;
	uint32		flushed;		/* bytes of it that will not change */
	const char *path;			/* of the segment's file */
	Compression compression;
	bool		encrypted;
} WalTailSource;

/*
 * Stores what of the segment is not stored yet, durably.  Returns how many
 * bytes it was: 0 if everything was there.
 */
extern uint32 wal_tail_ship(WalArchive *archive, const WalTailSource *source);

/*
 * Removes the pieces of a timeline that nobody needs: of segments that are in
 * the archive, and those that another piece holds.
 */
extern void wal_tail_tidy(WalArchive *archive, uint32 timeline);

/* How far the pieces of a segment go from its beginning; 0 if there is none. */
extern uint32 wal_tail_end(WalArchive *archive, const WalName *segment);

/*
 * Writes the segment as far as its pieces go, and zeros behind, to a new file
 * at path; false if there is no piece.  FAILURE_DAMAGED if one is missing or
 * is not what its name says; FAILURE_STATE if one vanished meanwhile, as when
 * the segment was archived.
 */
extern bool wal_tail_get(WalArchive *archive, const WalName *segment, const char *path);

#endif

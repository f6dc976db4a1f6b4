/*
 * The spool of wal-get: segments that were taken out of the archive before the
 * server asks for them.
 *
 * It is a folder that belongs to this user alone.  The name of a file in it
 * holds its SHA-256, so that one which a crash left in part is not used.
 */
#ifndef ERPGO_ENGINE_COMMAND_WAL_SPOOL_H
#define ERPGO_ENGINE_COMMAND_WAL_SPOOL_H

#include "repository/wal_archive.h"

typedef struct WalSpool
{
	char	   *folder;
} WalSpool;

/*
 * Opens the spool below a folder for one archive and one destination, and
 * makes it if there is none.  False, with a notice, if there is no folder that
 * can be trusted: then nothing is prefetched.
 */
extern bool wal_spool_open(WalSpool *spool, const char *parent,
						   const Repository *repository,
						   const char *destination);

/*
 * Notes, below the folder of spools, that a repository did not answer just now,
 * or that it did; best effort.
 */
extern void wal_spool_note_answer(const char *parent, const char *url, bool answered);

/* Is it noted that a repository did not answer a moment ago? */
extern bool wal_spool_is_silent(const char *parent, const char *url);

/* Removes the spool with all that is in it. */
extern void wal_spool_remove(const WalSpool *spool);

/*
 * Copies a segment to a new file at path, and takes it off the spool; false if
 * it is not there, or is not what it was.
 */
extern bool wal_spool_take(const WalSpool *spool, const char *segment,
						   const char *path);

/*
 * Fills the spool with so many segments that follow, by so many processes at
 * a time; drops all others.  What cannot be had is not there, and no failure.
 */
extern void wal_spool_fill(const WalSpool *spool, WalArchive *archive,
						   const WalName *segment, int64 segment_bytes,
						   int count, int jobs);

#endif

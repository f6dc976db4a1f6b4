/*
 * What becomes of the WAL archive: retention of WAL applied to what is in the
 * repository.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_WAL_EXPIRY_H
#define ERPGO_ENGINE_REPOSITORY_WAL_EXPIRY_H

#include "common/wal_retention.h"
#include "repository/wal_archive.h"

/* The verified physical backups, and how far back recovery must be possible. */
typedef struct WalExpiryBackups
{
	const WalRetentionBackup *backups;
	int			count;
	uint64		segment_bytes;	/* 0 if they do not agree on it */
	int64		window_start;	/* seconds since 1970 */
} WalExpiryBackups;

/* What becomes of the archive. */
typedef struct WalExpiry
{
	int			files;			/* all of the archive */
	bool	   *is_base;		/* of each backup: is it needed as a base? */
	bool		has_bases;		/* else nothing goes */
	char	  **doomed;			/* objects that go, the first one first */
	int			doomed_count;
	int64		doomed_bytes;
	char		doomed_last[WAL_NAME_SIZE]; /* "" if nothing goes */
} WalExpiry;

/*
 * Decides about the WAL archive; changes nothing.  A timeline is alive if it
 * is the newest one, or something was archived on it since the window began.
 */
extern WalExpiry *wal_expiry_plan(Repository *repository,
								  const WalExpiryBackups *backups);

/*
 * Removes what is to go, oldest first: whoever is stopped leaves no hole.
 */
extern void wal_expiry_apply(Repository *repository, const WalExpiry *expiry);

#endif

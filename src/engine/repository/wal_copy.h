/*
 * Copying WAL from one archive to another.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_WAL_COPY_H
#define ERPGO_ENGINE_REPOSITORY_WAL_COPY_H

#include "repository/wal_archive.h"

/* Called after each file with how many bytes are copied, of how many. */
typedef void (*WalCopyProgress) (int64 done, int64 expected);

/*
 * Copies the files that another archive of the same cluster lacks, and the
 * notes how far the archive went.  Those of each timeline come in their order,
 * so that wherever this ends, nothing is missing between two files that is not
 * missing in the source.  WAL from before the first backup there is left out.
 * Pieces of the unfinished segment are not copied.  Returns how many files it
 * were.  Fails as wal_object_copy does.
 */
extern int	wal_archive_copy(Repository *from, Repository *to,
							 WalCopyProgress progress);

#endif

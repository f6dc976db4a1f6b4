/*
 * Gives the plain bytes of an object of a backup to a program, from a worker
 * process: whoever reads may stop in the middle.
 */
#ifndef ERPGO_ENGINE_DATABASE_FEED_H
#define ERPGO_ENGINE_DATABASE_FEED_H

#include "isolated.h"
#include "repository/repository.h"

/* Called in the worker with the bytes given so far; may be NULL. */
typedef void (*FeedProgress) (int64 bytes_done, int64 bytes_expected);

/*
 * Starts a worker that writes the plain bytes of an object to a file
 * descriptor and ends when all are written or nobody reads any more.  The
 * caller closes its own copy of the descriptor, and ends the worker with
 * isolated_finish or isolated_kill.
 */
extern Isolated *feed_start(Repository *repository, const Backup *backup,
							const ManifestObject *object, int fd,
							FeedProgress progress);

#endif

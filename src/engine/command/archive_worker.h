/*
 * A process that archives files of WAL, one after the other.
 */
#ifndef ERPGO_ENGINE_COMMAND_ARCHIVE_WORKER_H
#define ERPGO_ENGINE_COMMAND_ARCHIVE_WORKER_H

#include "command/job.h"

/* As many segments may be archived before the archiver asks for them. */
#define ARCHIVE_AHEAD_LIMIT 64

typedef struct ArchiveWorker ArchiveWorker;

/* Opens the job's repository to write; the secrets have been loaded. */
extern Repository *archive_repository(json_t *job);

/* Starts a worker; keys that are derived later are not known to it. */
extern ArchiveWorker *archive_worker_start(json_t *job);

/*
 * Has a worker that is not busy archive a file.  With is_noted it is noted how
 * far the archive went even if more segments are ready.
 */
extern void archive_worker_push(ArchiveWorker *worker, const char *file, bool is_noted);

/* Poll this for input: then the worker is done with its file. */
extern int	archive_worker_descriptor(const ArchiveWorker *worker);

/*
 * Takes what became of the file; false with the failure (allocated) in
 * *problem.  *worker is NULL if its process is over, as it is after each
 * failure, and now and then.
 */
extern bool archive_worker_finish(ArchiveWorker **worker, Failure *problem);

/* Ends a worker at once. */
extern void archive_worker_end(ArchiveWorker *worker);

#endif

/*
 * The repositories that a file of WAL must be in before it counts as archived.
 */
#ifndef ERPGO_ENGINE_COMMAND_WAL_TARGETS_H
#define ERPGO_ENGINE_COMMAND_WAL_TARGETS_H

#include "command/job.h"
#include "common/repository_list.h"
#include "repository/wal_archive.h"

/* Their archives, the first one first. */
typedef struct WalTargets
{
	WalArchive *archives[REPOSITORY_LIST_LIMIT];
	int			count;
} WalTargets;

/* Whose WAL it is. */
typedef struct WalOrigin
{
	const char *cluster;
	const char *system_identifier;
	const char *data_directory;
} WalOrigin;

/*
 * The URLs that a job names: "repository", and those of "repositories" that
 * are required.
 */
extern int	wal_target_urls(json_t *job, const char *urls[REPOSITORY_LIST_LIMIT]);

/*
 * Are all of them on servers, which may be far away and are asked by every
 * request whether they are there?
 */
extern bool wal_targets_are_on_servers(const char *const *urls, int count);

/*
 * Opens repositories, all of which the server with that data directory must
 * own; the secrets have been loaded.
 */
extern void wal_targets_open(WalTargets *targets, const char *const *urls, int count,
							 const WalOrigin *origin);

/*
 * Archives a file in all of them, under one key, which those that lack it are
 * given first; and notes that, if asked to.
 */
extern void wal_targets_push(WalTargets *targets, const WalSource *source, bool noted);

extern void wal_targets_close(WalTargets *targets);

#endif

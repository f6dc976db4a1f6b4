/*
 * The small objects of a backup, read ahead all at once.
 *
 * Who reads them one after the other waits for a far server once for each of
 * them; processes that are forked later have them without asking at all.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_BACKUP_GATHER_H
#define ERPGO_ENGINE_REPOSITORY_BACKUP_GATHER_H

#include "repository/repository.h"

/*
 * Reads the small objects of a backup from the medium, and keeps those that are
 * what the manifest says until backup_gather_end.  What is wrong with others is
 * told when they are read.
 */
extern void backup_gather(Repository *repository, const Manifest *manifest);

/* Did such an object come, and was not what the manifest says? */
extern bool gathered_is_damaged(const char *name);

/* Forgets them. */
extern void backup_gather_end(void);

/*
 * As store_get, but an object that was gathered comes from memory.
 */
extern bool gathered_get(Store *store, const char *name, Sink *into);

#endif

/*
 * What is known of further repositories, in shared memory.
 */
#ifndef ERPGO_SERVER_FURTHER_REPOSITORY_H
#define ERPGO_SERVER_FURTHER_REPOSITORY_H

#include "postgres.h"

#include "job_slot.h"
#include "repository_settings.h"

/*
 * What is known of the repository with a URL; the lock of the job table is
 * held.  One that is not known takes the place of one that is not in the list,
 * of which there is always one.  Without a list, it is NULL then.
 */
extern FurtherRepository *further_repository(const char *url, const RepositoryList *list);

#endif

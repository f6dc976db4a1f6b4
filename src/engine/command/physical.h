/*
 * Making a physical backup, whoever talks to the server.
 */
#ifndef ERPGO_ENGINE_COMMAND_PHYSICAL_H
#define ERPGO_ENGINE_COMMAND_PHYSICAL_H

#include "command/job.h"

/*
 * The server that is backed up.  It is asked for "start", "stop" and
 * "release", and answers with an object each (src/README.md).
 */
typedef struct PhysicalServer
{
	json_t	   *(*ask) (void *context, const char *request);
	void	   *context;
} PhysicalServer;

/*
 * Makes the backup that a job describes in a repository that the caller may
 * write to.
 */
extern void physical_backup(json_t *job, Repository *repository,
							const PhysicalServer *server);

#endif

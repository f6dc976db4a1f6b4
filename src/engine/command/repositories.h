/*
 * Commands that take any repository of a list.
 */
#ifndef ERPGO_ENGINE_COMMAND_REPOSITORIES_H
#define ERPGO_ENGINE_COMMAND_REPOSITORIES_H

#include "command/command.h"
#include "common/repository_list.h"

/* The repositories that the options name; FAILURE_USAGE if that is no list. */
extern RepositoryList *repositories_from_options(const CommonOptions *options);

/* Opens one of them, with the secrets loaded. */
extern Repository *repository_open_listed(const CommonOptions *options,
										  const ListedRepository *listed);

/*
 * Does something with a repository; the exit code.
 */
typedef int (*RepositoryStep) (Repository *repository, void *context);

/*
 * Does a step that changes nothing with the first repository of the list with
 * which it does not fail because that is away, or damaged; for the others there
 * is a warning.  Where there are several, each try is a process of its own.
 * *chosen, unless that is NULL, becomes the repository that it was.
 */
extern int	repository_first(const CommonOptions *options, RepositoryStep step,
							 void *context, const ListedRepository **chosen);

/* May another repository have what one could not give for this reason? */
extern bool repository_may_fall_over(FailureKind kind);

#endif

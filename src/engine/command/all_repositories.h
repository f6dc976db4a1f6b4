/*
 * Commands that ask each repository of a list.
 */
#ifndef ERPGO_ENGINE_COMMAND_ALL_REPOSITORIES_H
#define ERPGO_ENGINE_COMMAND_ALL_REPOSITORIES_H

#include "command/repositories.h"

/* What a command wants to know of a repository, or does there; the answer. */
typedef json_t *(*RepositoryQuestion) (Repository *repository, void *context);

typedef struct RepositoryAnswer
{
	json_t	   *found;			/* NULL if the question failed */
	Failure		problem;		/* then this is why */
} RepositoryAnswer;

/*
 * The repositories that the options name, with the secrets loaded and the key
 * fetched, for what follows.
 */
extern RepositoryList *repositories_prepare(const CommonOptions *options);

/*
 * Opens a repository and asks it in a process of its own, so that its failure
 * is no more than an answer.
 */
extern RepositoryAnswer repository_ask(const CommonOptions *options,
									   const ListedRepository *listed,
									   RepositoryQuestion question, void *context);

/*
 * The same for one of a list.  One that is alone is asked in this process,
 * which a failure ends.
 */
extern RepositoryAnswer repository_ask_listed(const CommonOptions *options,
											  const RepositoryList *list, int index,
											  RepositoryQuestion question, void *context);

/* What was found in all of a list. */
typedef struct RepositoryRows
{
	json_t	   *rows;			/* an array of objects, each with its
								 * "repository", the URL */
	int			empty;			/* how many repositories have none */
	int			exit_code;		/* the highest of those that failed, or 0 */
} RepositoryRows;

/*
 * Asks all of a list for arrays of objects.  Of several, one that fails is a
 * warning.
 */
extern RepositoryRows repositories_gather(const CommonOptions *options,
										  const RepositoryList *list,
										  RepositoryQuestion question, void *context);

#endif

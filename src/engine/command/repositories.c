/*
 * Commands that take any repository of a list.
 */
#include "postgres_fe.h"

#include "cluster/workers.h"
#include "command/repositories.h"
#include "isolated.h"
#include "repository/master_key.h"
#include "repository/secrets.h"

/* A step in a process of its own. */
typedef struct Attempt
{
	const CommonOptions *options;
	const ListedRepository *listed;
	RepositoryStep step;
	void	   *context;
	int		   *exit_code;		/* shared */
} Attempt;

RepositoryList *
repositories_from_options(const CommonOptions *options)
{
	RepositoryList *list = pg_malloc(sizeof(RepositoryList));
	const char *problem;

	if (options->repository == NULL)
		fail(FAILURE_USAGE,
			 "Name it with --repository, or in the environment variable ERPGO_BACKUP_REPOSITORY.",
			 "no repository is given");
	if (!repository_list_parse(options->repository, list, &problem))
		fail(FAILURE_USAGE, problem, "\"%s\" does not name a repository",
			 options->repository);
	return list;
}

Repository *
repository_open_listed(const CommonOptions *options, const ListedRepository *listed)
{
	secrets_load(options->secrets_file);
	return repository_open(listed->url, options->cluster,
						   master_key());
}

Repository *
repository_from_options(const CommonOptions *options)
{
	return repository_open_listed(options,
								  &repositories_from_options(options)->repositories[0]);
}

bool
repository_may_fall_over(FailureKind kind)
{
	switch (kind)
	{
		case FAILURE_DAMAGED:
		case FAILURE_UNDEFINED:
		case FAILURE_PERMISSION:
		case FAILURE_IO:
		case FAILURE_CONNECTION:
		case FAILURE_TIMEOUT:
			return true;
		default:
			return false;
	}
}

static void
attempt_step(void *context)
{
	Attempt    *attempt = context;

	*attempt->exit_code = attempt->step(repository_open_listed(attempt->options, attempt->listed),
										attempt->context);
	if (fflush(stdout) != 0 && errno != EPIPE)
		fail_errno("could not write to standard output");
}

int
repository_first(const CommonOptions *options, RepositoryStep step, void *context,
				 const ListedRepository **chosen)
{
	RepositoryList *list = repositories_from_options(options);
	Attempt		attempt = {.options = options, .step = step, .context = context};
	Failure		problem;

	if (list->count == 1)
	{
		if (chosen != NULL)
			*chosen = &list->repositories[0];
		return step(repository_from_options(options), context);
	}
	attempt.exit_code = workers_share(sizeof(int));
	for (int i = 0;; i++)
	{
		attempt.listed = &list->repositories[i];
		if (isolated_run(attempt_step, &attempt, &problem))
			break;
		if (i == list->count - 1 || !repository_may_fall_over(problem.kind))
			fail_with(&problem);
		notice("warning", problem.hint, "repository \"%s\" is passed over: %s",
			   attempt.listed->url, problem.message);
	}
	if (chosen != NULL)
		*chosen = attempt.listed;
	return *attempt.exit_code;
}

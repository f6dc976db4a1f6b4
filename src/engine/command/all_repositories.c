/*
 * Commands that ask each repository of a list.
 *
 * Who asks in a process of its own writes the answer into memory that is
 * shared with this one, as JSON.
 */
#include "postgres_fe.h"

#include <sys/mman.h>

#include "cluster/workers.h"
#include "command/all_repositories.h"
#include "isolated.h"
#include "protocol.h"
#include "repository/master_key.h"
#include "repository/secrets.h"

/* No answer is longer; what is not used takes no memory. */
#define ANSWER_SIZE (16 << 20)

/* A question in a process of its own. */
typedef struct Asking
{
	const CommonOptions *options;
	const ListedRepository *listed;
	RepositoryQuestion question;
	void	   *context;
	char	   *answer;			/* shared */
} Asking;

RepositoryList *
repositories_prepare(const CommonOptions *options)
{
	RepositoryList *list = repositories_from_options(options);

	secrets_load(options->secrets_file);
	(void) master_key();
	return list;
}

/*
 * Opens the repository and asks it.
 */
static json_t *
ask(const Asking *asking)
{
	return asking->question(repository_open(asking->listed->url, asking->options->cluster,
											master_key()), asking->context);
}

static void
ask_step(void *context)
{
	const Asking *asking = context;
	char	   *answer = json_dumps(ask(asking), JSON_COMPACT);

	if (answer == NULL || strlen(answer) >= ANSWER_SIZE)
		fail(FAILURE_INTERNAL, NULL, "there is too much to tell of repository \"%s\"",
			 asking->listed->url);
	strlcpy(asking->answer, answer, ANSWER_SIZE);
}

RepositoryAnswer
repository_ask(const CommonOptions *options, const ListedRepository *listed,
			   RepositoryQuestion question, void *context)
{
	Asking		asking = {options, listed, question, context, workers_share(ANSWER_SIZE)};
	RepositoryAnswer answer = {NULL};

	if (isolated_run(ask_step, &asking, &answer.problem))
		answer.found = json_loads(asking.answer, 0, NULL);
	(void) munmap(asking.answer, ANSWER_SIZE);
	return answer;
}

RepositoryAnswer
repository_ask_listed(const CommonOptions *options, const RepositoryList *list, int index,
					  RepositoryQuestion question, void *context)
{
	const ListedRepository *listed = &list->repositories[index];
	Asking		alone = {options, listed, question, context, NULL};

	if (list->count > 1)
		return repository_ask(options, listed, question, context);
	return (RepositoryAnswer)
	{
		.found = ask(&alone)
	};
}

/*
 * Adds what was found in a repository to what was found in others.
 */
static void
add_rows(RepositoryRows *all, const json_t *found, const char *url)
{
	size_t		i;
	json_t	   *row;

	all->empty += json_array_size(found) == 0;
	json_array_foreach(found, i, row)
	{
		json_object_set_new(row, "repository", json_text(url));
		json_array_append(all->rows, row);
	}
}

RepositoryRows
repositories_gather(const CommonOptions *options, const RepositoryList *list,
					RepositoryQuestion question, void *context)
{
	RepositoryRows all = {.rows = json_array()};

	for (int i = 0; i < list->count; i++)
	{
		const char *url = list->repositories[i].url;
		RepositoryAnswer answer = repository_ask_listed(options, list, i, question, context);

		if (answer.found != NULL)
			add_rows(&all, answer.found, url);
		else
		{
			all.exit_code = Max(all.exit_code, failure_exit_code(answer.problem.kind));
			notice("warning", answer.problem.hint, "repository \"%s\" is left out: %s",
				   url, answer.problem.message);
		}
		json_decref(answer.found);
	}
	return all;
}

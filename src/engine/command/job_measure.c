/*
 * Tells the server how much room there is in the repositories, and these that
 * their owner is alive.
 *
 * Otherwise it only looks: a repository that is not there, as when its disk is not
 * mounted, must not be created anew by that.  Each has a process of its own, so
 * that one that is away keeps nothing from the others.
 */
#include "command/job.h"

#include "clock.h"
#include "common/repository_list.h"
#include "isolated.h"
#include "protocol.h"
#include "repository/owner.h"
#include "repository/secrets.h"

/*
 * A further repository that has not answered by then is told as one that is
 * away.  The server ends the job a little later.
 */
#define ANSWER_LIMIT_S 45

/* Whose life is to be told. */
typedef struct Renewal
{
	Repository *repository;
	const char *data_directory;
} Renewal;

/* The further repositories, while they are told. */
typedef struct Telling
{
	json_t	   *job;
	const char *urls[REPOSITORY_LIST_LIMIT];
	Isolated   *running[REPOSITORY_LIST_LIMIT]; /* NULL: it has answered */
	int			count;
	int			started;
} Telling;

/*
 * Opens a repository to look at it; no key is needed for that.
 */
static Repository *
open_repository(json_t *job, const char *url)
{
	return repository_open(url, job_required_text(job, "cluster"), NULL);
}

/*
 * Where the server is whose life is to be told.
 */
static const char *
data_directory(json_t *job)
{
	return job_required_text(json_object_get(job, "server"), "data_directory");
}

static void
renew_step(void *context)
{
	const Renewal *renewal = context;

	owner_renew(renewal->repository, renewal->data_directory);
}

/*
 * Measures the first repository, and tells it that its owner is alive.  Where that
 * cannot be written, as on a disk that is full, there is still something to be seen.
 */
static void
measure_step(void *context)
{
	json_t	   *job = context;
	Renewal		renewal = {
		.repository = open_repository(job, job_required_text(job, "repository")),
		.data_directory = data_directory(job)
	};
	Failure		problem;

	job_send_space(renewal.repository, NULL);
	if (!isolated_run(renew_step, &renewal, &problem))
		notice("debug", problem.hint, "could not renew the ownership of the repository: %s",
			   problem.message);
}

/*
 * Measures the further repository that comes next, and tells it that its owner
 * is alive.
 */
static void
tell_step(void *context)
{
	const Telling *telling = context;
	const char *url = telling->urls[telling->started];
	Repository *repository = open_repository(telling->job, url);

	job_send_space(repository, url);
	owner_renew(repository, data_directory(telling->job));
}

/*
 * Begins to tell all further repositories.
 */
static void
start_telling(Telling *telling)
{
	const char *first = job_required_text(telling->job, "repository");
	json_t	   *repository;
	size_t		i;

	json_array_foreach(json_object_get(telling->job, "repositories"), i, repository)
	{
		const char *url = job_required_text(repository, "url");

		if (strcmp(url, first) == 0)
			continue;
		if (telling->count == REPOSITORY_LIST_LIMIT)
			fail(FAILURE_USAGE, NULL, "the job description has more than %d repositories",
				 REPOSITORY_LIST_LIMIT);
		telling->urls[telling->count++] = url;
	}
	for (; telling->started < telling->count; telling->started++)
		telling->running[telling->started] = isolated_start(tell_step, telling);
}

/*
 * Says what became of one; problem is NULL if it was told.
 */
static void
send_row(const char *url, const Failure *problem)
{
	json_t	   *row = problem == NULL ? json_object() : failure_to_json(problem);

	json_object_set_new(row, "repository", json_text(url));
	json_object_set_new(row, "told", json_boolean(problem == NULL));
	protocol_send("row", row);
}

/*
 * Takes the answer of one.
 */
static void
finish_one(Telling *telling, int index)
{
	Failure		problem;
	bool		told = isolated_finish(telling->running[index], &problem);

	telling->running[index] = NULL;
	send_row(telling->urls[index], told ? NULL : &problem);
}

/*
 * Ends what has not answered.
 */
static void
give_up(Telling *telling)
{
	Failure		problem = {
		.kind = FAILURE_TIMEOUT,
		.message = psprintf("there was no answer for %d seconds", ANSWER_LIMIT_S)
	};

	for (int i = 0; i < telling->count; i++)
	{
		if (telling->running[i] == NULL)
			continue;
		isolated_kill(telling->running[i]);
		send_row(telling->urls[i], &problem);
	}
}

/*
 * Waits for all answers, but not longer than until a moment.
 */
static void
finish_telling(Telling *telling, int64 deadline)
{
	int			left = telling->count;

	while (left > 0)
	{
		int64		rest = deadline - clock_ms();
		int			ended;

		if (rest <= 0)
			break;
		ended = isolated_wait_any(telling->running, telling->count, (int) rest);
		if (ended < 0)
			continue;
		finish_one(telling, ended);
		left--;
	}
	give_up(telling);
}

json_t *
job_measure(json_t *job)
{
	Telling		telling = {.job = job};
	int64		deadline = clock_ms() + ANSWER_LIMIT_S * INT64CONST(1000);
	Failure		problem;
	bool		measured;

	secrets_load(job_text(job, "secrets_file"));
	start_telling(&telling);
	measured = isolated_run(measure_step, job, &problem);
	finish_telling(&telling, deadline);
	if (!measured)
		fail_with(&problem);
	return json_object();
}

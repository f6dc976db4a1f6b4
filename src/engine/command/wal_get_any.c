/*
 * Taking a file of WAL out of whichever repository has it.
 */
#include "postgres_fe.h"

#include "clock.h"
#include "cluster/workers.h"
#include "command/wal_get_any.h"
#include "command/wal_spool.h"
#include "isolated.h"

/* How long a segment may be missing that should be there. */
#define HOLE_LIMIT_MS 5000
#define HOLE_DELAY_MS 250

/* What a process says that asked one repository. */
typedef struct Reply
{
	WalAnswer	answer;
	uint32		reach;
} Reply;

typedef struct Asker Asker;

/* A question to one repository. */
typedef void (*Question) (const Asker *asker, WalArchive *archive);

struct Asker
{
	const CommonOptions *options;
	const WalQuestions *questions;
	const ListedRepository *listed;
	Question	question;
	Reply	   *reply;			/* shared */
};

static void
ask_take(const Asker *asker, WalArchive *archive)
{
	asker->reply->answer = asker->questions->take(archive, asker->questions->context);
}

static void
ask_reach(const Asker *asker, WalArchive *archive)
{
	asker->reply->reach = asker->questions->tail_reach(archive, asker->questions->context);
}

static void
ask_tail(const Asker *asker, WalArchive *archive)
{
	if (asker->questions->take_tail(archive, asker->questions->context))
		asker->reply->answer = WAL_ANSWER_TAKEN;
}

static void
ask_forget(const Asker *asker, WalArchive *archive)
{
	asker->questions->forget(archive, asker->questions->context);
}

static void
ask_step(void *context)
{
	const Asker *asker = context;

	asker->question(asker, wal_archive_open(repository_open_listed(asker->options,
																   asker->listed)));
}

/*
 * Asks one repository; false with the reason if it does not answer.
 */
static bool
ask(Asker *asker, const ListedRepository *listed, Question question, Failure *problem)
{
	asker->listed = listed;
	asker->question = question;
	asker->reply->answer = WAL_ANSWER_ABSENT;
	asker->reply->reach = 0;
	return isolated_run(ask_step, asker, problem);
}

/*
 * Fails because not all repositories have answered, and no other one has the
 * file.
 */
static void
fail_unanswered(const ListedRepository *listed, const Failure *problem)
{
	Failure		failure = *problem;

	failure.detail = psprintf("No other repository has the file, but \"%s\" does not say that it has none.",
							  listed->url);
	failure.hint = psprintf("%s%sIf that repository is lost for good, leave it out of the list.",
							problem->hint == NULL ? "" : problem->hint,
							problem->hint == NULL ? "" : " ");
	fail_with(&failure);
}

/*
 * What was heard of a file so far.
 */
typedef struct Hearing
{
	WalAnswer	answer;			/* one that expects it is heard above others */
	const ListedRepository *silent; /* the first that did not answer, or NULL */
	Failure		reason;			/* why it did not */
} Hearing;

/*
 * Asks one repository for the file; true if it had it.
 */
static bool
hear(Asker *asker, const ListedRepository *listed, Hearing *hearing)
{
	Failure		problem;
	bool		answered = ask(asker, listed, ask_take, &problem);

	wal_spool_note_answer(asker->questions->spool, listed->url, answered);
	if (answered)
	{
		if (asker->reply->answer != WAL_ANSWER_ABSENT)
			hearing->answer = asker->reply->answer;
		return asker->reply->answer == WAL_ANSWER_TAKEN;
	}
	notice("warning", NULL, "file \"%s\" is not taken from repository \"%s\": %s",
		   asker->questions->file, listed->url, problem.message);
	if (hearing->silent == NULL)
	{
		hearing->silent = listed;
		hearing->reason = problem;
	}
	return false;
}

/*
 * Asks all repositories for the file until one has it: first those that did
 * answer the last time.
 */
static WalAnswer
ask_all(Asker *asker, const RepositoryList *list)
{
	Hearing		hearing = {.answer = WAL_ANSWER_ABSENT};
	bool		was_silent[REPOSITORY_LIST_LIMIT] = {false};

	for (int i = 0; i < list->count; i++)
	{
		was_silent[i] = wal_spool_is_silent(asker->questions->spool, list->repositories[i].url);
		if (!was_silent[i] && hear(asker, &list->repositories[i], &hearing))
			return WAL_ANSWER_TAKEN;
	}
	for (int i = 0; i < list->count; i++)
	{
		if (was_silent[i] && hear(asker, &list->repositories[i], &hearing))
			return WAL_ANSWER_TAKEN;
	}
	if (hearing.silent != NULL)
		fail_unanswered(hearing.silent, &hearing.reason);
	return hearing.answer;
}

/*
 * Asks until the file comes or there is no reason to wait for it.
 */
static bool
wait_for_file(Asker *asker, const RepositoryList *list)
{
	int64		deadline = clock_ms() + HOLE_LIMIT_MS;
	WalAnswer	answer;

	while ((answer = ask_all(asker, list)) == WAL_ANSWER_EXPECTED)
	{
		if (clock_ms() >= deadline)
			fail(FAILURE_DAMAGED,
				 "A standby that gets it from its primary needs the option --standby.",
				 "segment \"%s\" is missing in all repositories although it, or a later one, was archived",
				 asker->questions->file);
		pg_usleep(HOLE_DELAY_MS * 1000L);
	}
	return answer == WAL_ANSWER_TAKEN;
}

/*
 * Puts together the pieces of the unfinished segment, from the repository where
 * they reach farthest; false if none has any.
 */
static bool
take_tail(Asker *asker, const RepositoryList *list)
{
	const ListedRepository *best = NULL;
	uint32		reach = 0;
	Failure		problem;

	for (int i = 0; i < list->count; i++)
	{
		if (!ask(asker, &list->repositories[i], ask_reach, &problem))
			fail_unanswered(&list->repositories[i], &problem);
		if (asker->reply->reach <= reach)
			continue;
		reach = asker->reply->reach;
		best = &list->repositories[i];
	}
	if (best == NULL)
		return false;
	if (!ask(asker, best, ask_tail, &problem))
		fail_with(&problem);
	return asker->reply->answer == WAL_ANSWER_TAKEN;
}

bool
wal_get_from_any(const CommonOptions *options, const RepositoryList *list,
				 const WalQuestions *questions)
{
	Asker		asker = {
		.options = options, .questions = questions, .reply = workers_share(sizeof(Reply))
	};
	Failure		problem;

	if (wait_for_file(&asker, list) || take_tail(&asker, list))
		return true;
	for (int i = 0; i < list->count; i++)
		(void) ask(&asker, &list->repositories[i], ask_forget, &problem);
	return false;
}

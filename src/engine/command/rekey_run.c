/*
 * Changing who can open the encryption keys, in all repositories of a list.
 *
 * Copies share their cluster keys, so what one repository gets the others get
 * as the same bytes.  Each stage goes through all repositories before the next
 * one begins: until the new key was seen to open everything in all of them, the
 * present one stays in all of them.
 */
#include "postgres_fe.h"

#include "command/all_repositories.h"
#include "command/rekey_run.h"
#include "protocol.h"
#include "repository/record.h"
#include "repository/secrets.h"

/* A request that is being carried out. */
typedef struct RekeyRun
{
	const CommonOptions *options;
	const RepositoryList *list;
	const RekeyRequest *request;
	Rekey		rekey;
	KeyText    *known;			/* wrappings by the new key in the
								 * repositories before this one */
	KeyText		made[REKEY_MASTERS];	/* the new cluster key */
	int			made_count;
	RekeyFound	found;			/* in all repositories */
	RekeyResult result;
} RekeyRun;

/* What is done in each repository. */
typedef struct Stage
{
	RepositoryQuestion step;
	bool		goes_on;		/* also where a repository has failed */
	const char *hint;			/* for that case */
} Stage;

/*
 * What is asked of a repository.
 */
static Rekey
rekey_of(const RekeyRun *run, const Repository *repository)
{
	Rekey		rekey = run->rekey;

	rekey.store = repository->store;
	rekey.prefix = repository->prefix;
	return rekey;
}

/*
 * Notes a step.
 */
static void
add_step(void *context, RekeyAction action, const char *cluster_key, const char *wrapping)
{
	json_array_append_new(context, json_pack("{s:s, s:o, s:o}",
											 "action", rekey_action_name(action),
											 "cluster_key", json_text(cluster_key[0] == '\0' ? NULL : cluster_key),
											 "wrapping", json_text(wrapping[0] == '\0' ? NULL : wrapping)));
}

/*
 * Adds to each step the content of its key object, which the repositories to
 * come get as it is.
 */
static void
add_contents(const Rekey *rekey, json_t *steps)
{
	size_t		i;
	json_t	   *step;

	json_array_foreach(steps, i, step)
	{
		char	   *name = key_object_path(rekey->prefix,
										   json_string_value(json_object_get(step, "wrapping")));
		char	   *content = store_get_text(rekey->store, name, RECORD_LIMIT);

		if (content != NULL)
			json_object_set_new(step, "content", json_text(content));
		pg_free(content);
		pg_free(name);
	}
}

static json_t *
add_in(Repository *repository, void *context)
{
	const RekeyRun *run = context;
	Rekey		rekey = rekey_of(run, repository);
	json_t	   *steps = json_array();
	RekeyFound	found = rekey_add(&rekey, add_step, steps);

	if (rekey.is_one_of_several && !rekey.dry_run)
		add_contents(&rekey, steps);
	return json_pack("{s:o, s:i, s:i, s:I}", "steps", steps, "opened", found.opened,
					 "left", found.left, "newest_ms", (json_int_t) found.newest_ms);
}

static json_t *
make_in(Repository *repository, void *context)
{
	const RekeyRun *run = context;
	Rekey		rekey = rekey_of(run, repository);
	json_t	   *steps = json_array();

	rekey_make(&rekey, run->made, run->made_count, add_step, steps);
	return json_pack("{s:o}", "steps", steps);
}

static json_t *
retire_in(Repository *repository, void *context)
{
	Rekey		rekey = rekey_of(context, repository);
	json_t	   *steps = json_array();

	rekey_retire(&rekey, add_step, steps);
	return json_pack("{s:o}", "steps", steps);
}

static json_t *
remove_in(Repository *repository, void *context)
{
	const RekeyRun *run = context;
	Rekey		rekey = rekey_of(run, repository);
	json_t	   *steps = json_array();

	(void) rekey_remove(&rekey, run->request->removed, add_step, steps);
	return json_pack("{s:o}", "steps", steps);
}

static const Stage opening = {
	.step = add_in, .goes_on = true,
	.hint = "No new cluster key was made. Run the command again."
};

static const Stage adding = {
	.step = add_in, .goes_on = true,
	.hint = "Nothing was retired; in the other repositories the new key opens all that the present one opens. Run the command again: it completes what is missing."
};

static const Stage making = {
	.step = make_in,
	.hint = "Nothing was retired. Run the command again: it makes another new cluster key, for all repositories."
};

static const Stage retiring = {
	.step = retire_in,
	.hint = "The new key opens everything in all repositories. Run the command again with the same keys, but without --new-cluster-key: it completes what is missing."
};

static const Stage looking = {
	.step = remove_in, .goes_on = true,
	.hint = "Nothing was removed from any repository."
};

static const Stage removing = {
	.step = remove_in,
	.hint = "Run the command again: it completes what is missing."
};

/*
 * Takes the key object out of a step, for the repositories to come.
 */
static void
take_content(RekeyRun *run, json_t *step)
{
	const char *content = json_string_value(json_object_get(step, "content"));
	KeyText    *known;

	if (content == NULL)
		return;
	run->known = pg_realloc(run->known, (run->rekey.known_count + 1) * sizeof(KeyText));
	known = &run->known[run->rekey.known_count++];
	strlcpy(known->cluster_key, json_string_value(json_object_get(step, "cluster_key")), KEY_ID_SIZE);
	strlcpy(known->wrapping, json_string_value(json_object_get(step, "wrapping")), KEY_ID_SIZE);
	known->content = pg_strdup(content);
	run->rekey.known = run->known;
	json_object_del(step, "content");
}

/*
 * A number of an answer; 0 if it has none.
 */
static int64
answer_number(const json_t *found, const char *key)
{
	return json_integer_value(json_object_get(found, key));
}

/*
 * Takes what was done in a repository.
 */
static void
take_answer(RekeyRun *run, const char *url, json_t *found)
{
	int			left = (int) answer_number(found, "left");
	size_t		i;
	json_t	   *step;

	json_array_foreach(json_object_get(found, "steps"), i, step)
	{
		take_content(run, step);
		json_object_set_new(step, "repository", json_text(url));
		json_array_append(run->result.steps, step);
	}
	run->found.opened += (int) answer_number(found, "opened");
	run->found.newest_ms = Max(run->found.newest_ms, answer_number(found, "newest_ms"));
	run->result.left += left;
	if (left > 0)
		notice("warning", "Run the command with that key as well.",
			   "%d cluster keys%s%s%s are opened by another encryption key only, and stay as they are",
			   left, run->list->count > 1 ? " in repository \"" : "",
			   run->list->count > 1 ? url : "", run->list->count > 1 ? "\"" : "");
}

/*
 * Notes why the whole request fails, unless that is known already.
 */
static void
set_problem(RekeyRun *run, FailureKind kind, const char *message, const char *hint)
{
	if (run->result.problem.message != NULL)
		return;
	run->result.problem.kind = kind;
	run->result.problem.message = message;
	run->result.problem.hint = hint;
}

/*
 * Notes that a repository has failed.
 */
static void
take_problem(RekeyRun *run, const Stage *stage, const char *url, const Failure *problem)
{
	notice("warning", problem->hint, "repository \"%s\" failed: %s", url, problem->message);
	json_array_append_new(run->result.failed, json_pack("{s:o, s:o, s:o}",
														"repository", json_text(url),
														"message", json_text(problem->message),
														"hint", json_text(problem->hint)));
	set_problem(run, problem->kind, "could not change the encryption keys in all repositories",
				run->request->rekey.dry_run ? NULL : stage->hint);
}

/*
 * Goes through all repositories; false if one has failed.
 */
static bool
run_stage(RekeyRun *run, const Stage *stage)
{
	for (int i = 0; i < run->list->count; i++)
	{
		const char *url = run->list->repositories[i].url;
		RepositoryAnswer answer = repository_ask_listed(run->options, run->list, i, stage->step, run);

		if (answer.found != NULL)
			take_answer(run, url, answer.found);
		else
			take_problem(run, stage, url, &answer.problem);
		json_decref(answer.found);
		if (run->result.problem.message != NULL && !stage->goes_on)
			return false;
	}
	return run->result.problem.message == NULL;
}

/*
 * Adds one key, and retires the other, as far as that is asked for.
 */
static void
change_keys(RekeyRun *run)
{
	if (!run_stage(run, run->rekey.added == NULL ? &opening : &adding))
		return;
	if (run->found.opened == 0)
	{
		set_problem(run, FAILURE_KEY, "the encryption key opens no cluster key in any of the repositories",
					"Check " SECRET_ENCRYPTION_KEY " in the secrets file. With a key that was retired everywhere there is nothing left to be done.");
		return;
	}
	if (run->request->new_cluster_key)
	{
		run->made_count = rekey_new_cluster_key(&run->rekey, run->found.newest_ms, run->made);
		if (!run_stage(run, &making))
			return;
	}
	if (run->rekey.retire)
		(void) run_stage(run, &retiring);
}

/*
 * Removes one wrapping from each repository that has it.
 */
static void
remove_recipient(RekeyRun *run)
{
	bool		dry_run = run->rekey.dry_run;

	run->rekey.dry_run = true;
	if (!run_stage(run, &looking))
		return;
	if (json_array_size(run->result.steps) == 0)
		set_problem(run, FAILURE_UNDEFINED, psprintf("there is no wrapping \"%s\"", run->request->removed),
					"The command \"erpgo_backup keys\" lists them.");
	else if (!dry_run)
	{
		json_array_clear(run->result.steps);
		run->rekey.dry_run = false;
		(void) run_stage(run, &removing);
	}
}

RekeyResult
rekey_all(const CommonOptions *options, const RepositoryList *list,
		  const RekeyRequest *request)
{
	RekeyRun	run = {.options = options, .list = list, .request = request, .rekey = request->rekey};

	run.rekey.is_one_of_several = list->count > 1;
	run.result.steps = json_array();
	run.result.failed = json_array();
	if (request->removed != NULL)
		remove_recipient(&run);
	else
		change_keys(&run);
	return run.result;
}

/*
 * Claims: who may make an object, where the server cannot decide it.
 *
 * Some servers have no conditional PUT, and some ignore the condition when an
 * upload in parts is completed.  So who wants to make an object first puts an
 * empty one, the claim, and then lists the claims on that name: of two, at
 * least one sees the other, steps back, and tries again a little later.  That
 * is safe where a listing shows what was put before it, as AWS promises.
 */
#include "postgres_fe.h"

#include "clock.h"
#include "failure.h"
#include "store/s3_answer.h"
#include "store/s3_store.h"

#define DIGEST_LENGTH 32
#define ATTEMPT_LIMIT 12
#define FIRST_DELAY_US 50000
#define LONGEST_DELAY_US 10000000

/* Nobody needs longer from the claim to the object. */
#define CLAIM_LIFE_S 600

/* What a listing of claims is searched for. */
typedef struct ClaimSearch
{
	const char *own;			/* name of the own claim */
	time_t		own_time;		/* 0 if it is not listed */
	time_t		newest_other;	/* 0 if there is no other */
} ClaimSearch;

/* What is known of claims that are to be removed. */
typedef struct ClaimSweep
{
	time_t		now;			/* by the server's clock */
	char	  **names;			/* of those that are too old */
	int			count;
} ClaimSweep;

/*
 * Takes notice of a claim.
 */
static void
search_claim(void *context, const StoreObject *claim)
{
	ClaimSearch *search = context;

	if (strcmp(claim->name, search->own) == 0)
		search->own_time = claim->modified;
	else
		search->newest_other = Max(search->newest_other, claim->modified);
}

/*
 * Puts the claim of a name.
 */
static void
put_claim(S3Store *store, const char *claim, const char *name)
{
	S3Call		call = {.method = "PUT", .name = claim};
	S3Answer	answer;

	s3_call(&store->client, &call, &answer);
	if (!s3_answer_is_success(&answer))
		s3_fail(&store->client, &answer, "store", name);
	s3_answer_free(&answer);
}

/*
 * Is the claim the only one in its folder, but for those of the dead?
 */
static bool
claim_is_alone(S3Store *store, const char *folder, const char *claim)
{
	ClaimSearch search = {.own = claim};

	s3_list_all(store, folder, search_claim, &search);
	return search.own_time != 0 &&
		search.newest_other < search.own_time - CLAIM_LIFE_S;
}

void
s3_claim_release(S3Store *store, char *claim)
{
	S3Call		call = {.method = "DELETE", .name = claim};
	S3Answer	answer;

	/* Without the right to delete, the claim dies of age. */
	s3_call(&store->client, &call, &answer);
	s3_answer_free(&answer);
	pg_free(claim);
}

/*
 * Waits for a random time, on average twice as long as the time before.  It
 * grows from how long an attempt takes: those of two who wait for less than
 * that meet again.
 */
static void
step_back(int attempt, int64 taken_ms)
{
	int64		limit_us = Max(FIRST_DELAY_US, taken_ms * 1000) << Min(attempt, 5);
	uint32		random = 0;

	(void) pg_strong_random(&random, sizeof(random));
	pg_usleep(random % Min(limit_us, LONGEST_DELAY_US));
}

/*
 * Fails if the object has been made.
 */
static void
require_new(S3Store *store, const char *name)
{
	char		token[S3_TOKEN_SIZE];
	int64		size;

	if (s3_look(store, name, token, &size))
		s3_fail_duplicate(store, name);
}

/*
 * Puts a claim and goes back until there is no other; NULL if that does not
 * come about.  Who goes back learns when another has made the object.
 */
static char *
claim_alone(S3Store *store, const char *folder, const char *name)
{
	for (int attempt = 0; attempt < ATTEMPT_LIMIT; attempt++)
	{
		char		token[S3_TOKEN_SIZE];
		char	   *claim;
		int64		start = clock_ms();

		s3_token(token);
		claim = psprintf("%s%s", folder, token);
		put_claim(store, claim, name);
		if (claim_is_alone(store, folder, claim))
			return claim;
		s3_claim_release(store, claim);
		require_new(store, name);
		step_back(attempt, clock_ms() - start);
	}
	return NULL;
}

char *
s3_claim(S3Store *store, const char *name)
{
	char		digest[S3_DIGEST_SIZE];
	char		token[S3_TOKEN_SIZE];
	char	   *folder;
	char	   *claim;
	int64		size;

	s3_digest(name, strlen(name), digest);
	folder = psprintf(S3_CLAIM_FOLDER "%.*s/", DIGEST_LENGTH, digest);
	claim = claim_alone(store, folder, name);
	if (claim == NULL)
		fail(FAILURE_IO, NULL, "could not store object \"%s\" in \"%s\": another process is about to",
			 name, store->store.url);
	if (s3_look(store, name, token, &size))
	{
		s3_claim_release(store, claim);
		s3_fail_duplicate(store, name);
	}
	pg_free(folder);
	return claim;
}

/*
 * Notes a claim that has become too old.
 */
static void
note_old_claim(void *context, const StoreObject *claim)
{
	ClaimSweep *sweep = context;

	if (claim->modified >= sweep->now - CLAIM_LIFE_S)
		return;
	sweep->names = pg_realloc(sweep->names, (sweep->count + 1) * sizeof(char *));
	sweep->names[sweep->count++] = pg_strdup(claim->name);
}

void
s3_claims_sweep(S3Store *store)
{
	ClaimSweep	sweep = {.now = time(NULL) + store->client.clock_offset_s};

	s3_list_all(store, S3_CLAIM_FOLDER, note_old_claim, &sweep);
	for (int i = 0; i < sweep.count; i++)
		s3_claim_release(store, sweep.names[i]);
	pg_free(sweep.names);
}

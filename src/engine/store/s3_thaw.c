/*
 * Having objects thawed that lie in an archive, as the classes GLACIER and
 * DEEP_ARCHIVE are: until then they cannot be read.
 */
#include "postgres_fe.h"

#include "store/s3_store.h"

#include "failure.h"
#include "store/s3_answer.h"

/* The server's word where somebody has asked for the same. */
#define IN_PROGRESS "RestoreAlreadyInProgress"

/*
 * Does the object have to be thawed, and was that not asked for?  *waits says
 * whether it cannot be read yet.
 */
static bool
has_to_be_asked_for(S3Store *store, const char *name, bool *waits)
{
	S3Call		call = {.method = "HEAD", .name = name};
	S3Answer	answer;
	bool		asked_for;

	s3_call(&store->client, &call, &answer);
	if (!s3_answer_is_success(&answer))
		s3_fail(&store->client, &answer, "examine", name);
	asked_for = answer.restore[0] != '\0';
	*waits = asked_for ? strstr(answer.restore, "ongoing-request=\"false\"") == NULL :
		s3_class_is_archive(answer.storage_class);
	s3_answer_free(&answer);
	return *waits && !asked_for;
}

/*
 * Asks for an object to be thawed.
 */
static void
ask_for(S3Store *store, const char *name)
{
	char	   *body = psprintf("<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Days>%d</Days>"
								"<GlacierJobParameters><Tier>%s</Tier></GlacierJobParameters></RestoreRequest>",
								store->url.thaw_days, store->url.thaw_tier);
	S3Call		call = {
		.method = "POST",
		.name = name,
		.query = {{"restore", ""}},
		.query_count = 1,
		.body = body,
		.body_len = strlen(body),
		.has_checksum = true
	};
	S3Answer	answer;

	s3_call(&store->client, &call, &answer);
	if (!s3_answer_is_success(&answer) && strcmp(answer.error, IN_PROGRESS) != 0)
		s3_fail(&store->client, &answer, "thaw", name);
	s3_answer_free(&answer);
	pg_free(body);
}

int
s3_thaw(Store *store, const char *prefix)
{
	StoreListing listing = s3_list(store, prefix);
	int			count = 0;

	for (int i = 0; i < listing.count; i++)
	{
		const StoreObject *object = &listing.objects[i];
		bool		waits = false;

		if (object->archived && has_to_be_asked_for((S3Store *) store, object->name, &waits))
			ask_for((S3Store *) store, object->name);
		count += waits;
	}
	store_listing_free(&listing);
	return count;
}

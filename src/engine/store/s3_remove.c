/*
 * Removing objects of a bucket: one, or up to 1,000 in one request.
 */
#include "postgres_fe.h"

#include "store/s3_store.h"

#include "failure.h"
#include "store/s3_answer.h"
#include "store/s3_xml.h"

/* So many names a request may have. */
#define BATCH_LIMIT 1000

#define HTTP_FORBIDDEN 403

/* Objects that are removed together. */
typedef struct Batch
{
	S3Store    *store;
	char	   *key;			/* of the element that is being read */
	char	  **refused;		/* names of those that were not removed */
	int			count;
} Batch;

/*
 * Removes an object; with may_stay, it stays where that is not allowed.
 */
static void
remove_one(S3Store *store, const char *name, bool may_stay)
{
	S3Client   *client = &store->client;
	S3Call		call = {.method = "DELETE", .name = name};
	S3Answer	answer;
	bool		stays;

	s3_call(client, &call, &answer);
	stays = may_stay && answer.result == CURLE_OK && answer.status == HTTP_FORBIDDEN;
	if (!stays && !s3_answer_is_success(&answer) && !s3_answer_is_absent(&answer))
		s3_fail(client, &answer, "remove", name);
	s3_answer_free(&answer);
}

void
s3_remove(Store *store, const char *name)
{
	remove_one((S3Store *) store, name, false);
}

/*
 * Notes the name of an object that was not removed.
 */
static void
read_refusal(void *context, const char *around, const char *name, const char *content)
{
	Batch	   *batch = context;
	size_t		prefix_len = strlen(batch->store->url.prefix);

	if (strcmp(around, "Error") == 0 && strcmp(name, "Key") == 0)
	{
		pg_free(batch->key);
		batch->key = pg_strdup(content);
	}
	if (strcmp(name, "Error") != 0 || batch->key == NULL || batch->count == BATCH_LIMIT ||
		strncmp(batch->key, batch->store->url.prefix, prefix_len) != 0)
		return;
	batch->refused[batch->count++] = pg_strdup(batch->key + prefix_len);
}

/*
 * The list of names, as the server wants it.
 */
static char *
list_names(const S3Store *store, char *const *names, int count)
{
	StringInfoData list;

	initStringInfo(&list);
	appendStringInfoString(&list, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
	for (int i = 0; i < count; i++)
	{
		char	   *key = psprintf("%s%s", store->url.prefix, names[i]);
		char	   *escaped = s3_xml_escape(key);

		appendStringInfo(&list, "<Object><Key>%s</Key></Object>", escaped);
		pg_free(escaped);
		pg_free(key);
	}
	appendStringInfoString(&list, "</Delete>");
	return list.data;
}

/*
 * Asks for a batch to be removed; false if the server does not know that.
 */
static bool
ask_for_batch(Batch *batch, char *const *names, int count)
{
	S3Client   *client = &batch->store->client;
	char	   *list = list_names(batch->store, names, count);
	char		md5[S3_MD5_SIZE];
	S3Call		call = {
		.method = "POST",
		.query = {{"delete", ""}},
		.query_count = 1,
		.headers = {{"content-md5", md5}},
		.header_count = 1,
		.body = list,
		.body_len = strlen(list),
		.has_checksum = true
	};
	S3Answer	answer;
	bool		done;

	s3_md5(list, strlen(list), md5);
	s3_call(client, &call, &answer);
	done = s3_answer_is_success(&answer) &&
		s3_xml_read(answer.body.data, answer.body.len, read_refusal, batch);
	if (answer.result != CURLE_OK)
		s3_fail(client, &answer, "remove", names[0]);
	s3_answer_free(&answer);
	pg_free(list);
	return done;
}

/*
 * Removes a batch.  What the server would not remove with the others is
 * removed, or its refusal told, by itself.
 */
static void
remove_batch(S3Store *store, char *const *names, int count, bool may_stay)
{
	Batch		batch = {.store = store};
	bool		done;

	batch.refused = pg_malloc0(BATCH_LIMIT * sizeof(char *));
	done = count > 1 && store->client.dialect == NULL && ask_for_batch(&batch, names, count);
	for (int i = 0; i < count && !done; i++)
		remove_one(store, names[i], may_stay);
	for (int i = 0; i < batch.count; i++)
	{
		if (done)
			remove_one(store, batch.refused[i], may_stay);
		pg_free(batch.refused[i]);
	}
	pg_free(batch.refused);
	pg_free(batch.key);
}

void
s3_remove_many(Store *store, char *const *names, int count, bool may_stay)
{
	for (int i = 0; i < count; i += BATCH_LIMIT)
		remove_batch((S3Store *) store, names + i, Min(count - i, BATCH_LIMIT), may_stay);
}

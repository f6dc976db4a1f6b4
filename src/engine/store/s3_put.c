/*
 * Putting an object into a bucket: small ones in one request, larger ones in
 * parts, so that memory holds a few of them at a time.
 *
 * Every object is marked with a random token of its writer.  Where an answer
 * was lost and the next attempt says that there is such an object already,
 * the token tells whose it is.
 */
#include "postgres_fe.h"

#include <time.h>
#include <unistd.h>

#include "common/s3_object.h"
#include "failure.h"
#include "store/s3_answer.h"
#include "store/s3_parts.h"
#include "store/s3_store.h"
#include "store/s3_xml.h"
#include "store/unfinished.h"

#define HTTP_NOT_FOUND 404
#define HTTP_PRECONDITION_FAILED 412

typedef struct S3Put
{
	Sink		sink;
	S3Store    *store;
	char	   *name;
	PutMode		mode;
	char		token[S3_TOKEN_SIZE];
	char		locked_until[32];	/* as the server is told */
	S3Parts		parts;
	bool		stored;
	bool		begun_again;	/* there may be a second upload */
	Unfinished	unfinished;
} S3Put;

/*
 * Ends an upload in parts, if there is one; should that fail, a sweep will do
 * it.
 */
static void
abort_upload(void *context)
{
	S3Put	   *put = context;
	S3Call		call = {
		.method = "DELETE",
		.name = put->name,
		.query = {{"uploadId", put->parts.upload_id}},
		.query_count = 1
	};
	S3Answer	answer;

	if (put->parts.upload_id == NULL || put->stored)
		return;
	s3_parts_stop(&put->parts);
	s3_call_once(&put->store->client, &call, &answer);
	s3_answer_free(&answer);
}

/*
 * Adds a header, unless it says nothing.
 */
static void
add_header(S3Call *call, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		s3_call_add_header(call, name, value);
}

/*
 * Adds until when the object cannot be deleted, if the URL says so.
 */
static void
add_lock(S3Put *put, S3Call *call)
{
	const S3Url *url = &put->store->url;
	time_t		until = time(NULL) + put->store->client.clock_offset_s +
		(time_t) url->lock_days * 86400;
	struct tm	parts;

	if (url->lock_mode == NULL || !s3_object_is_locked(put->name) ||
		gmtime_r(&until, &parts) == NULL)
		return;
	(void) strftime(put->locked_until, sizeof(put->locked_until), "%Y-%m-%dT%H:%M:%SZ", &parts);
	s3_call_add_header(call, "x-amz-object-lock-mode", url->lock_mode);
	s3_call_add_header(call, "x-amz-object-lock-retain-until-date", put->locked_until);
}

/*
 * Adds the headers that every new object has.
 */
static void
add_object_headers(S3Put *put, S3Call *call)
{
	const S3Url *url = &put->store->url;

	s3_call_add_header(call, S3_TOKEN_HEADER, put->token);
	if (s3_object_has_class(put->name))
		add_header(call, "x-amz-storage-class", url->storage_class);
	add_header(call, "x-amz-server-side-encryption", url->encryption);
	add_header(call, "x-amz-server-side-encryption-aws-kms-key-id", url->encryption_key);
	add_header(call, "x-amz-tagging", url->tags);
	add_lock(put, call);
}

/*
 * Adds the condition that there is no such object, where it is one and the
 * server knows it.
 */
static void
add_condition(S3Put *put, S3Call *call)
{
	if (put->mode == PUT_NEW && !put->store->no_conditions)
		s3_call_add_header(call, "if-none-match", "*");
}

/*
 * Did this put, and no other, make the object that is there?
 */
static bool
is_ours(S3Put *put)
{
	char		token[S3_TOKEN_SIZE];
	int64		size;

	return s3_look(put->store, put->name, token, &size) &&
		strcmp(token, put->token) == 0;
}

/*
 * Judges the answer to what should have made the object.
 */
static void
conclude(S3Put *put, S3Answer *answer)
{
	bool		refused = answer->status == HTTP_PRECONDITION_FAILED;

	/*
	 * An attempt whose answer was lost may have made it; libcurl, too, makes
	 * another one where a connection that was kept turns out to be dead.
	 */
	if (!s3_answer_is_success(answer) &&
		!((refused || answer->status == HTTP_NOT_FOUND) && is_ours(put)))
	{
		if (refused)
			s3_fail_duplicate(put->store, put->name);
		s3_fail(&put->store->client, answer, "store", put->name);
	}
	put->stored = true;
	s3_answer_free(answer);
}

/*
 * Stores everything in one request; false, with nothing stored, if the server
 * does not know the condition of it.
 */
static bool
put_whole(S3Put *put)
{
	const S3Part *whole = s3_parts_filled(&put->parts);
	S3Call		call = {
		.method = "PUT",
		.name = put->name,
		.body = whole->buffer,
		.body_len = whole->used,
		.has_checksum = true
	};
	S3Answer	answer;

	add_condition(put, &call);
	add_object_headers(put, &call);
	s3_call(&put->store->client, &call, &answer);
	if (put->mode == PUT_NEW && !put->store->no_conditions &&
		s3_answer_is_unsupported(&answer))
	{
		s3_answer_free(&answer);
		return false;
	}
	conclude(put, &answer);
	return true;
}

/*
 * The same under a claim.
 */
static void
put_whole_claimed(S3Put *put)
{
	char	   *claim = s3_claim(put->store, put->name);

	(void) put_whole(put);
	s3_claim_release(put->store, claim);
}

/*
 * Takes the identifier of an upload from its element.
 */
static void
read_upload_id(void *context, const char *around, const char *name,
			   const char *content)
{
	S3Put	   *put = context;

	if (put->parts.upload_id == NULL && strcmp(name, "UploadId") == 0 &&
		content[0] != '\0')
		put->parts.upload_id = pg_strdup(content);
}

/*
 * Begins an upload in parts.
 */
static void
begin_upload(S3Put *put)
{
	S3Call		call = {
		.method = "POST",
		.name = put->name,
		.query = {{"uploads", ""}},
		.query_count = 1
	};
	S3Answer	answer;

	s3_call_add_header(&call, "x-amz-checksum-algorithm", "SHA256");
	add_object_headers(put, &call);
	s3_call(&put->store->client, &call, &answer);
	if (!s3_answer_is_success(&answer))
		s3_fail(&put->store->client, &answer, "store", put->name);
	if (!s3_xml_read(answer.body.data, answer.body.len, read_upload_id, put) ||
		put->parts.upload_id == NULL)
		fail(FAILURE_IO, NULL, "could not store object \"%s\" in \"%s\": server began no upload",
			 put->name, put->store->store.url);
	put->begun_again = answer.attempts > 1;
	s3_answer_free(&answer);
}

/*
 * Makes the object out of its parts.
 */
static void
complete_upload(S3Put *put)
{
	char	   *list = s3_parts_list(&put->parts);
	S3Call		call = {
		.method = "POST",
		.name = put->name,
		.query = {{"uploadId", put->parts.upload_id}},
		.query_count = 1,
		.body = list,
		.body_len = strlen(list)
	};
	S3Answer	answer;

	add_condition(put, &call);
	s3_call(&put->store->client, &call, &answer);
	conclude(put, &answer);
	if (put->begun_again)
		s3_sweep_object(put->store, put->name);
	pg_free(list);
}

/*
 * The same as the only one who may.
 */
static void
complete_upload_claimed(S3Put *put)
{
	char	   *claim = s3_claim(put->store, put->name);

	complete_upload(put);
	s3_claim_release(put->store, claim);
}

static void
s3_put_write(Sink *sink, const void *data, size_t len)
{
	S3Put	   *put = (S3Put *) sink;
	size_t		taken = s3_parts_take(&put->parts, data, len);

	if (taken == len)
		return;
	begin_upload(put);
	(void) s3_parts_take(&put->parts, (const char *) data + taken, len - taken);
}

static void
s3_put_finish(Sink *sink)
{
	S3Put	   *put = (S3Put *) sink;

	if (put->parts.upload_id == NULL)
	{
		if (put->mode == PUT_NEW && put->store->no_conditions)
			put_whole_claimed(put);
		else if (!put_whole(put))
		{
			put->store->no_conditions = true;
			put_whole_claimed(put);
		}
		return;
	}
	s3_parts_flush(&put->parts);
	if (put->mode == PUT_NEW)
		complete_upload_claimed(put);
	else
		complete_upload(put);
}

static void
s3_put_release(Sink *sink)
{
	S3Put	   *put = (S3Put *) sink;

	unfinished_end(&put->unfinished);
	s3_parts_free(&put->parts);
	pg_free(put->name);
	pg_free(put);
}

static const SinkOps s3_put_ops = {
	.write = s3_put_write,
	.finish = s3_put_finish,
	.release = s3_put_release
};

Sink *
s3_put(Store *store, const char *name, PutMode mode)
{
	S3Put	   *put = pg_malloc0(sizeof(S3Put));

	put->sink.ops = &s3_put_ops;
	put->store = (S3Store *) store;
	put->name = pg_strdup(name);
	put->parts.store = put->store;
	put->parts.name = put->name;
	put->mode = mode;
	s3_token(put->token);
	unfinished_begin(&put->unfinished, abort_upload, put);
	return &put->sink;
}

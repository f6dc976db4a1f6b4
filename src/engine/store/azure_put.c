/*
 * Putting an object into a container of Azure's Blob service: small ones in one
 * request, larger ones in blocks.
 *
 * Nothing has to be ended if a process gives up: blocks that belong to no
 * object are removed by the service after a week.  Every object is marked with
 * a random token of its writer, which tells whose it is where an answer was
 * lost.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "store/azure_store.h"
#include "store/s3_answer.h"
#include "store/s3_parts.h"

/*
 * The name of a block is text in base64, and as long as that of every other
 * block of the object: so many digits of the writer's token, which keep it
 * apart from those of another writer, and the block's number.
 */
#define BLOCK_TOKEN_LENGTH 10
#define BLOCK_FORMAT "%.*s%06d"

typedef struct AzurePut
{
	Sink		sink;
	AzureStore *store;
	char	   *name;
	PutMode		mode;
	char		token[S3_TOKEN_SIZE];
	S3Parts		parts;
} AzurePut;

/*
 * Says which block a part is.
 */
static void
address_block(const S3Parts *parts, S3Part *part, S3Call *call)
{
	snprintf(part->number_text, sizeof(part->number_text), BLOCK_FORMAT,
			 BLOCK_TOKEN_LENGTH, parts->upload_id, part->number);
	call->query_count = 0;
	s3_call_add_query(call, "blockid", part->number_text);
	s3_call_add_query(call, "comp", "block");
}

/*
 * Adds the headers that every new object has, and the condition that there is
 * none, where it is one.
 */
static void
add_object_headers(AzurePut *put, S3Call *call)
{
	const char *tier = put->store->url.tier;

	if (put->mode == PUT_NEW)
		s3_call_add_header(call, "if-none-match", "*");
	s3_call_add_header(call, AZURE_TOKEN_HEADER, put->token);
	if (tier[0] != '\0')
		s3_call_add_header(call, "x-ms-access-tier", tier);
}

/*
 * Does the service say that there is an object of the name already?  Blocks are
 * gone where somebody made it.
 */
static bool
says_taken(const S3Answer *answer)
{
	static const char *const errors[] = {
		"BlobAlreadyExists", "ConditionNotMet", "InvalidBlockList"
	};

	for (int i = 0; i < lengthof(errors); i++)
	{
		if (answer->result == CURLE_OK && strcmp(errors[i], answer->error) == 0)
			return true;
	}
	return false;
}

/*
 * Judges the answer to what should have made the object.
 */
static void
conclude(AzurePut *put, S3Answer *answer)
{
	S3Store    *storage = &put->store->storage;
	char		token[S3_TOKEN_SIZE] = "";
	int64		size;
	bool		taken = says_taken(answer) && s3_look(storage, put->name, token, &size);

	/* An attempt whose answer was lost may have made it. */
	if (!s3_answer_is_success(answer) && strcmp(token, put->token) != 0)
	{
		if (taken && put->mode == PUT_NEW)
			s3_fail_duplicate(storage, put->name);
		s3_fail(&storage->client, answer, "store", put->name);
	}
	s3_answer_free(answer);
}

/*
 * Stores everything in one request.
 */
static void
put_whole(AzurePut *put)
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

	add_object_headers(put, &call);
	s3_call_add_header(&call, "x-ms-blob-type", "BlockBlob");
	s3_call(&put->store->storage.client, &call, &answer);
	conclude(put, &answer);
}

/*
 * The list of all blocks, as the service wants it.
 */
static char *
list_blocks(const AzurePut *put)
{
	StringInfoData list;

	initStringInfo(&list);
	appendStringInfoString(&list, "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
	for (int i = 1; i <= put->parts.count; i++)
		appendStringInfo(&list, "<Latest>" BLOCK_FORMAT "</Latest>",
						 BLOCK_TOKEN_LENGTH, put->token, i);
	appendStringInfoString(&list, "</BlockList>");
	return list.data;
}

/*
 * Makes the object out of its blocks.
 */
static void
put_block_list(AzurePut *put)
{
	char	   *list = list_blocks(put);
	S3Call		call = {
		.method = "PUT",
		.name = put->name,
		.query = {{"comp", "blocklist"}},
		.query_count = 1,
		.body = list,
		.body_len = strlen(list),
		.has_checksum = true
	};
	S3Answer	answer;

	add_object_headers(put, &call);
	s3_call(&put->store->storage.client, &call, &answer);
	conclude(put, &answer);
	pg_free(list);
}

static void
azure_put_write(Sink *sink, const void *data, size_t len)
{
	AzurePut   *put = (AzurePut *) sink;
	size_t		taken = s3_parts_take(&put->parts, data, len);

	if (taken == len)
		return;
	put->parts.upload_id = pg_strdup(put->token);
	(void) s3_parts_take(&put->parts, (const char *) data + taken, len - taken);
}

static void
azure_put_finish(Sink *sink)
{
	AzurePut   *put = (AzurePut *) sink;

	if (put->parts.upload_id == NULL)
	{
		put_whole(put);
		return;
	}
	s3_parts_flush(&put->parts);
	put_block_list(put);
}

static void
azure_put_release(Sink *sink)
{
	AzurePut   *put = (AzurePut *) sink;

	s3_parts_stop(&put->parts);
	s3_parts_free(&put->parts);
	pg_free(put->name);
	pg_free(put);
}

static const SinkOps azure_put_ops = {
	.write = azure_put_write,
	.finish = azure_put_finish,
	.release = azure_put_release
};

Sink *
azure_put(Store *store, const char *name, PutMode mode)
{
	AzurePut   *put = pg_malloc0(sizeof(AzurePut));

	put->sink.ops = &azure_put_ops;
	put->store = (AzureStore *) store;
	put->name = pg_strdup(name);
	put->mode = mode;
	s3_token(put->token);
	put->parts.store = &put->store->storage;
	put->parts.name = put->name;
	put->parts.address = address_block;
	return &put->sink;
}

/*
 * An object on its way into a bucket in parts, several of them at a time.
 */
#include "postgres_fe.h"

#include "store/s3_parts.h"

#include "clock.h"
#include "failure.h"
#include "store/s3_answer.h"
#include "store/s3_xml.h"

#define FIRST_CAPACITY (64 * 1024)

/*
 * If nothing was written for so long, what is on its way is waited for at
 * once: servers do not wait for the rest of a request for ever.
 */
#define SLOW_WRITER_MS 1000

S3Part *
s3_parts_filled(S3Parts *parts)
{
	return &parts->parts[parts->filled];
}

/*
 * Takes what the server says of a part that is on its way no more.
 */
static void
note_stored(S3Parts *parts, int place)
{
	S3Flight   *flight = &parts->flights[place];
	S3Part	   *part = &parts->parts[place];
	S3StoredPart *stored = &parts->stored[part->number - 1];

	if (!s3_answer_is_success(&flight->answer))
		s3_fail(&parts->store->client, &flight->answer, "store", parts->name);
	stored->etag = s3_xml_escape(flight->answer.etag);
	/* The list names the digest only where the server keeps it. */
	if (strcmp(flight->answer.checksum, flight->answer.sent_checksum) == 0)
		strlcpy(stored->checksum, flight->answer.checksum, sizeof(stored->checksum));
	part->used = 0;
	s3_flight_end(flight);
}

/*
 * Moves all parts on.  Returns how many are on their way still.
 */
static int
move_parts(S3Parts *parts, bool wait)
{
	int			count = 0;

	s3_flights_move(parts->flights, S3_PARALLEL_LIMIT, wait);
	for (int i = 0; i < S3_PARALLEL_LIMIT; i++)
	{
		if (parts->flights[i].state == S3_ENDED)
			note_stored(parts, i);
		count += parts->flights[i].state != S3_IDLE;
	}
	parts->moved_ms = clock_ms();
	return count;
}

/*
 * Sends the part that was filled.
 */
static void
send_part(S3Parts *parts)
{
	S3Part	   *part = s3_parts_filled(parts);
	S3Call		call = {
		.method = "PUT",
		.name = parts->name,
		.query = {{"partNumber", part->number_text}, {"uploadId", parts->upload_id}},
		.query_count = 2,
		.body = part->buffer,
		.body_len = part->used,
		.has_checksum = true
	};

	if (parts->count == parts->store->url.max_parts)
		fail(FAILURE_STATE, "Raise part_size in the URL of the repository.",
			 "could not store object \"%s\" in \"%s\": it has more than %d parts",
			 parts->name, parts->store->store.url, parts->count);
	parts->stored = pg_realloc(parts->stored, (parts->count + 1) * sizeof(S3StoredPart));
	memset(&parts->stored[parts->count++], 0, sizeof(S3StoredPart));
	part->number = parts->count;
	snprintf(part->number_text, sizeof(part->number_text), "%d", part->number);
	if (parts->address != NULL)
		parts->address(parts, part, &call);
	s3_flight_begin(&parts->flights[parts->filled], &parts->store->client, &call);
}

/*
 * Waits until there is a buffer for the next part.  Of those that are too many
 * once parts have grown, and of the first part's, the memory is given back.
 */
static void
await_buffer(S3Parts *parts)
{
	const S3Url *url = &parts->store->url;
	int64		size = s3_url_part_size(url, parts->count);
	int			limit = s3_url_parallel(url, size);

	while (move_parts(parts, false) >= limit)
		(void) move_parts(parts, true);
	for (int i = S3_PARALLEL_LIMIT - 1; i >= 0; i--)
	{
		if (parts->flights[i].state != S3_IDLE)
			continue;
		parts->filled = i;
		if (i < limit && parts->parts[i].capacity <= size)
			continue;
		pg_free(parts->parts[i].buffer);
		memset(&parts->parts[i], 0, sizeof(S3Part));
	}
}

/*
 * Makes room in the buffer: true unless it is full with a part.
 */
static bool
make_room(S3Parts *parts)
{
	S3Part	   *part = s3_parts_filled(parts);
	int64		size = s3_url_part_size(&parts->store->url, parts->count);

	if (part->used < part->capacity)
		return true;
	if (part->capacity >= size)
		return false;
	part->capacity = Min(Max(FIRST_CAPACITY, 2 * part->capacity), size);
	part->buffer = pg_realloc(part->buffer, part->capacity);
	return true;
}

size_t
s3_parts_take(S3Parts *parts, const char *data, size_t len)
{
	size_t		done = 0;

	if (parts->upload_id != NULL && clock_ms() - parts->moved_ms > SLOW_WRITER_MS)
	{
		while (move_parts(parts, true) > 0)
			;
	}
	while (done < len)
	{
		S3Part	   *part = s3_parts_filled(parts);
		size_t		taken;

		if (!make_room(parts))
		{
			if (parts->upload_id == NULL)
				return done;
			send_part(parts);
			await_buffer(parts);
			continue;
		}
		taken = Min((int64) (len - done), part->capacity - part->used);
		memcpy(part->buffer + part->used, data + done, taken);
		part->used += taken;
		done += taken;
	}
	if (parts->upload_id != NULL)
		(void) move_parts(parts, false);
	return done;
}

void
s3_parts_flush(S3Parts *parts)
{
	if (s3_parts_filled(parts)->used > 0)
		send_part(parts);
	while (move_parts(parts, true) > 0)
		;
}

char *
s3_parts_list(const S3Parts *parts)
{
	StringInfoData list;

	initStringInfo(&list);
	appendStringInfoString(&list, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (int i = 0; i < parts->count; i++)
	{
		const S3StoredPart *part = &parts->stored[i];

		appendStringInfo(&list, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag>", i + 1, part->etag);
		if (part->checksum[0] != '\0')
			appendStringInfo(&list, "<ChecksumSHA256>%s</ChecksumSHA256>", part->checksum);
		appendStringInfoString(&list, "</Part>");
	}
	appendStringInfoString(&list, "</CompleteMultipartUpload>");
	return list.data;
}

void
s3_parts_stop(S3Parts *parts)
{
	for (int i = 0; i < S3_PARALLEL_LIMIT; i++)
		s3_flight_end(&parts->flights[i]);
}

void
s3_parts_free(S3Parts *parts)
{
	for (int i = 0; i < S3_PARALLEL_LIMIT; i++)
		pg_free(parts->parts[i].buffer);
	for (int i = 0; i < parts->count; i++)
		pg_free(parts->stored[i].etag);
	pg_free(parts->stored);
	pg_free(parts->upload_id);
}

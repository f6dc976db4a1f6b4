/*
 * Listing what is in a bucket, and removing what writers that died have left.
 */
#include "postgres_fe.h"

#include <time.h>

#include "common/object_name.h"
#include "failure.h"
#include "store/listing.h"
#include "store/s3_answer.h"
#include "store/s3_store.h"
#include "store/s3_xml.h"

#define HTTP_NOT_FOUND 404

/* An upload in parts that is to be ended. */
typedef struct S3Upload
{
	char	   *name;
	char	   *upload_id;
	struct S3Upload *next;
} S3Upload;

/* A page of a listing as it is read. */
typedef struct S3Page
{
	S3Store    *store;
	S3ObjectReader on_object;
	void	   *context;
	char	   *key;			/* of the element that is being read */
	char	   *upload_id;
	S3Upload   *uploads;
	const char *only;			/* the object whose uploads are meant, or NULL */
	StoreObject object;
	int			count;			/* elements */
	bool		escaped;
	bool		truncated;
	char	   *token;			/* where the next page begins, or NULL */
	char	   *marker;			/* the same, with token, in a listing of
								 * uploads */
} S3Page;

/*
 * Replaces a text.
 */
static void
keep(char **kept, const char *value)
{
	pg_free(*kept);
	*kept = pg_strdup(value);
}

/*
 * The value of a hexadecimal digit; -1 if it is none.
 */
static int
hex_value(char digit)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *found = digit == '\0' ? NULL : strchr(digits, pg_toupper((unsigned char) digit));

	return found == NULL ? -1 : (int) (found - digits);
}

/*
 * Undoes the escapes of a URL, in place.
 */
static void
unescape(char *value)
{
	char	   *to = value;

	for (const char *from = value; *from != '\0'; from++)
	{
		int			high = from[0] == '%' ? hex_value(from[1]) : -1;
		int			low = high < 0 ? -1 : hex_value(from[2]);

		*to = *from;
		if (low >= 0)
		{
			*to = (char) (high << 4 | low);
			from += 2;
		}
		to++;
	}
	*to = '\0';
}

/*
 * A time as listings have it; 0 if it cannot be read.
 */
static time_t
read_time(const char *value)
{
	struct tm	parts = {0};

	if (sscanf(value, "%4d-%2d-%2dT%2d:%2d:%2d", &parts.tm_year, &parts.tm_mon,
			   &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec) != 6)
		return 0;
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	return timegm(&parts);
}

/*
 * The name in the store of the key that was read, without its escapes; NULL
 * if it is not one of the store.
 */
static const char *
page_name(S3Page *page)
{
	const char *prefix = page->store->url.prefix;

	if (page->key == NULL)
		return NULL;
	if (page->escaped)
		unescape(page->key);
	if (strncmp(page->key, prefix, strlen(prefix)) != 0)
		return NULL;
	return page->key + strlen(prefix);
}

/*
 * Takes what an element of a listing of objects says.
 */
static void
read_object(void *context, const char *around, const char *name,
			const char *content)
{
	S3Page	   *page = context;

	if (strcmp(name, "Contents") == 0)
	{
		page->count++;
		page->object.name = unconstify(char *, page_name(page));
		if (page->object.name != NULL)
			page->on_object(page->context, &page->object);
		page->object.archived = false;
	}
	else if (strcmp(around, "Contents") == 0 && strcmp(name, "Key") == 0)
		keep(&page->key, content);
	else if (strcmp(around, "Contents") == 0 && strcmp(name, "Size") == 0)
		page->object.size = Max(0, strtoll(content, NULL, 10));
	else if (strcmp(around, "Contents") == 0 && strcmp(name, "LastModified") == 0)
		page->object.modified = read_time(content);
	else if (strcmp(around, "Contents") == 0 && strcmp(name, "StorageClass") == 0)
		page->object.archived = s3_class_is_archive(content);
	else if (strcmp(name, "EncodingType") == 0)
		page->escaped = strcmp(content, "url") == 0;
	else if (strcmp(name, "IsTruncated") == 0)
		page->truncated = strcmp(content, "true") == 0;
	else if (strcmp(name, "NextContinuationToken") == 0)
		keep(&page->token, content);
}

/*
 * Fails because a listing makes no sense.
 */
static void
fail_listing(S3Store *store)
{
	fail(FAILURE_DAMAGED, NULL, "the server of repository \"%s\" gives a listing that makes no sense",
		 store->store.url);
}

/*
 * Asks for a page, and has it read.
 */
static void
read_page(S3Page *page, const S3Call *call, S3ElementReader read)
{
	S3Store    *store = page->store;
	char	   *token_before = page->token;
	char	   *marker_before = page->marker;
	S3Answer	answer;

	page->token = NULL;
	page->marker = NULL;
	page->truncated = false;
	page->count = 0;
	s3_call(&store->client, call, &answer);
	if (!s3_answer_is_success(&answer))
		s3_fail(&store->client, &answer, "list", NULL);
	if (!s3_xml_read(answer.body.data, answer.body.len, read, page) ||
		(page->truncated && (page->token == NULL || page->count == 0)) ||
		(page->truncated && token_before != NULL &&
		 strcmp(page->token, token_before) == 0))
		fail_listing(store);
	s3_answer_free(&answer);
	pg_free(token_before);
	pg_free(marker_before);
}

/*
 * Asks for the first or next page of objects, and has it read.
 */
static void
read_object_page(S3Page *page, const char *prefix)
{
	S3Call		call = {.method = "GET"};

	if (page->token != NULL)
		s3_call_add_query(&call, "continuation-token", page->token);
	s3_call_add_query(&call, "encoding-type", "url");
	s3_call_add_query(&call, "list-type", "2");
	s3_call_add_query(&call, "prefix", prefix);
	read_page(page, &call, read_object);
}

/*
 * Frees what the pages of a listing had.
 */
static void
free_page(S3Page *page)
{
	pg_free(page->token);
	pg_free(page->marker);
	pg_free(page->key);
	pg_free(page->upload_id);
}

void
s3_list_all(S3Store *store, const char *prefix, S3ObjectReader on_object,
			void *context)
{
	S3Page		page = {.store = store, .on_object = on_object, .context = context};
	char	   *full_prefix = psprintf("%s%s", store->url.prefix, prefix);

	do
		read_object_page(&page, full_prefix);
	while (page.truncated);
	free_page(&page);
	pg_free(full_prefix);
}

/*
 * Adds an object to a listing; what cannot be one is not of the store.
 */
static void
gather(void *context, const StoreObject *object)
{
	if (object_name_is_valid(object->name))
		listing_add(context, object);
}

StoreListing
s3_list(Store *store, const char *prefix)
{
	ListingBuilder gathered = {0};

	/* Not every server has the order of bytes. */
	s3_list_all((S3Store *) store, prefix, gather, &gathered);
	return listing_finish(&gathered);
}

/*
 * Notes an upload that was read, unless it is not one of the store.
 */
static void
note_upload(S3Page *page)
{
	const char *name = page_name(page);
	S3Upload   *upload;

	if (name == NULL || page->upload_id == NULL || !object_name_is_valid(name) ||
		(page->only != NULL && strcmp(page->only, name) != 0))
		return;
	upload = pg_malloc(sizeof(S3Upload));
	upload->name = pg_strdup(name);
	upload->upload_id = pg_strdup(page->upload_id);
	upload->next = page->uploads;
	page->uploads = upload;
}

/*
 * Ends an upload that nobody goes on with, and forgets it.
 */
static void
abort_upload(S3Page *page)
{
	S3Upload   *upload = page->uploads;
	S3Client   *client = &page->store->client;
	S3Call		call = {.method = "DELETE", .name = upload->name};
	S3Answer	answer;

	s3_call_add_query(&call, "uploadId", upload->upload_id);
	s3_call(client, &call, &answer);
	if (!s3_answer_is_success(&answer) && answer.status != HTTP_NOT_FOUND)
		s3_fail(client, &answer, "end the upload of", upload->name);
	s3_answer_free(&answer);
	page->uploads = upload->next;
	pg_free(upload->name);
	pg_free(upload->upload_id);
	pg_free(upload);
}

/*
 * Takes what an element of a listing of uploads says.
 */
static void
read_upload(void *context, const char *around, const char *name,
			const char *content)
{
	S3Page	   *page = context;

	if (strcmp(name, "Upload") == 0)
	{
		page->count++;
		note_upload(page);
	}
	else if (strcmp(around, "Upload") == 0 && strcmp(name, "Key") == 0)
		keep(&page->key, content);
	else if (strcmp(around, "Upload") == 0 && strcmp(name, "UploadId") == 0)
		keep(&page->upload_id, content);
	else if (strcmp(name, "EncodingType") == 0)
		page->escaped = strcmp(content, "url") == 0;
	else if (strcmp(name, "IsTruncated") == 0)
		page->truncated = strcmp(content, "true") == 0;
	else if (strcmp(name, "NextUploadIdMarker") == 0)
		keep(&page->token, content);
	else if (strcmp(name, "NextKeyMarker") == 0)
		keep(&page->marker, content);
}

/*
 * Asks for the first or next page of uploads, and ends those on it.
 */
static void
sweep_page(S3Page *page, const char *prefix)
{
	S3Call		call = {.method = "GET"};

	if (page->marker != NULL)
		s3_call_add_query(&call, "key-marker", page->marker);
	s3_call_add_query(&call, "prefix", prefix);
	if (page->token != NULL)
		s3_call_add_query(&call, "upload-id-marker", page->token);
	s3_call_add_query(&call, "uploads", "");
	read_page(page, &call, read_upload);
	while (page->uploads != NULL)
		abort_upload(page);
}

/*
 * Ends the uploads under a prefix, or only those of one object.
 */
static void
sweep_uploads(S3Store *store, const char *prefix, const char *only)
{
	S3Page		page = {.store = store, .only = only};
	char	   *full_prefix = psprintf("%s%s", store->url.prefix, prefix);

	do
		sweep_page(&page, full_prefix);
	while (page.truncated);
	free_page(&page);
	pg_free(full_prefix);
}

void
s3_sweep_object(S3Store *store, const char *name)
{
	sweep_uploads(store, name, name);
}

void
s3_sweep(Store *store, const char *prefix)
{
	sweep_uploads((S3Store *) store, prefix, NULL);
	s3_claims_sweep((S3Store *) store);
}

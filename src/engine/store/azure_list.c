/*
 * Listing what is in a container of Azure's Blob service.
 */
#include "postgres_fe.h"

#include "common/object_name.h"
#include "failure.h"
#include "store/azure_store.h"
#include "store/listing.h"
#include "store/s3_answer.h"
#include "store/s3_xml.h"

/* A page of a listing as it is read. */
typedef struct AzurePage
{
	AzureStore *store;
	char	   *name;			/* of the element that is being read, or NULL */
	StoreObject object;
	char	   *marker;			/* where the next page begins, or NULL */
	ListingBuilder builder;
} AzurePage;

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
 * Adds the object that was read to the listing; what cannot be one is not of
 * the store.
 */
static void
add_object(AzurePage *page)
{
	const char *prefix = page->store->url.storage.prefix;
	size_t		len = strlen(prefix);

	if (page->name != NULL && strncmp(page->name, prefix, len) == 0 &&
		object_name_is_valid(page->name + len))
	{
		page->object.name = page->name + len;
		listing_add(&page->builder, &page->object);
	}
	pg_free(page->name);
	page->name = NULL;
	memset(&page->object, 0, sizeof(page->object));
}

/*
 * Takes what an element says.
 */
static void
read_element(void *context, const char *around, const char *name,
			 const char *content)
{
	AzurePage  *page = context;
	bool		is_property = strcmp(around, "Properties") == 0;

	if (strcmp(name, "Blob") == 0)
		add_object(page);
	else if (strcmp(around, "Blob") == 0 && strcmp(name, "Name") == 0)
		keep(&page->name, content);
	else if (is_property && strcmp(name, "Content-Length") == 0)
		page->object.size = Max(0, strtoll(content, NULL, 10));
	else if (is_property && strcmp(name, "Last-Modified") == 0)
		page->object.modified = Max(0, curl_getdate(content, NULL));
	else if (strcmp(name, "NextMarker") == 0 && content[0] != '\0')
		keep(&page->marker, content);
}

/*
 * Asks for the first or next page, and has it read.
 */
static void
read_page(AzurePage *page, const char *prefix)
{
	S3Client   *client = &page->store->storage.client;
	char	   *marker = page->marker;
	S3Call		call = {.method = "GET"};
	S3Answer	answer;

	s3_call_add_query(&call, "comp", "list");
	if (marker != NULL)
		s3_call_add_query(&call, "marker", marker);
	s3_call_add_query(&call, "prefix", prefix);
	s3_call_add_query(&call, "restype", "container");
	page->marker = NULL;
	s3_call(client, &call, &answer);
	if (!s3_answer_is_success(&answer))
		s3_fail(client, &answer, "list", NULL);
	if (!s3_xml_read(answer.body.data, answer.body.len, read_element, page) ||
		(marker != NULL && page->marker != NULL && strcmp(marker, page->marker) == 0))
		fail(FAILURE_DAMAGED, NULL, "the server of repository \"%s\" gives a listing that makes no sense",
			 client->shown_url);
	s3_answer_free(&answer);
	pg_free(marker);
}

StoreListing
azure_list(Store *store, const char *prefix)
{
	AzurePage	page = {.store = (AzureStore *) store};
	char	   *full_prefix = psprintf("%s%s", page.store->url.storage.prefix, prefix);

	do
		read_page(&page, full_prefix);
	while (page.marker != NULL);
	pg_free(page.name);
	pg_free(full_prefix);
	return listing_finish(&page.builder);
}

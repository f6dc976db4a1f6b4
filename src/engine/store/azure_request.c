/*
 * What a request to Azure's Blob service consists of: where it goes, and its
 * headers, signed.
 */
#include "postgres_fe.h"

#include <time.h>

#include "failure.h"
#include "store/azure_sign.h"
#include "store/azure_store.h"

#define SECRET_KEY "AZURE_STORAGE_KEY"
#define SECRET_SAS "AZURE_STORAGE_SAS_TOKEN"

/* The version of the protocol that is spoken. */
#define VERSION "2021-12-02"

/* Those that are always there, and what a call adds. */
#define HEADER_LIMIT (S3_PAIR_LIMIT + 4)

#define KEY_HINT "Check AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN in the secrets file, what the token permits, and the clock of this machine."

const char *
azure_credentials_source(const S3Client *client)
{
	if (client->access.variable(SECRET_KEY) != NULL)
		return SECRET_KEY;
	if (client->access.variable(SECRET_SAS) != NULL)
		return SECRET_SAS;
	fail(FAILURE_KEY, "Put AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN into the secrets file.",
		 "there are no credentials for repository \"%s\"", client->shown_url);
}

/*
 * The path of what a request is about, as it is sent and signed.
 */
static char *
request_path(const AzureUrl *url, const char *name)
{
	char	   *blob = name == NULL ? NULL : psprintf("/%s%s", url->storage.prefix, name);
	char	   *escaped = blob == NULL ? pg_strdup("") : s3_escape(blob, true);
	char	   *path = psprintf("%s%s/%s%s", url->account_in_path ? "/" : "",
								url->account_in_path ? url->account : "",
								url->storage.bucket, escaped);

	pg_free(escaped);
	pg_free(blob);
	return path;
}

/*
 * Compares two headers by name, for qsort.
 */
static int
compare_headers(const void *a, const void *b)
{
	return strcmp(((const S3Pair *) a)->name, ((const S3Pair *) b)->name);
}

/*
 * All headers, in their order; how many.
 */
static int
gather_headers(const S3Call *call, const char *stamp, const char *md5,
			   S3Pair headers[HEADER_LIMIT])
{
	const S3Pair always[] = {
		{"content-md5", call->has_checksum ? md5 : NULL},
		{"x-ms-date", stamp},
		{"x-ms-delete-snapshots", strcmp(call->method, "DELETE") == 0 ? "include" : NULL},
		{"x-ms-version", VERSION}
	};
	int			count = call->header_count;

	memcpy(headers, call->headers, count * sizeof(S3Pair));
	for (int i = 0; i < lengthof(always); i++)
	{
		if (always[i].value != NULL)
			headers[count++] = always[i];
	}
	qsort(headers, count, sizeof(S3Pair), compare_headers);
	return count;
}

/*
 * Signs the request, if a key is there to do so.
 */
static void
sign(S3Exchange *exchange, const AzureSigning *signing)
{
	const S3Client *client = exchange->client;
	const char *key = client->access.variable(SECRET_KEY);
	char	   *authorization;

	if (key == NULL)
		return;
	authorization = azure_authorization(signing, key);
	if (authorization == NULL)
		fail(FAILURE_KEY, "It is one of the two keys of the storage account, as the portal shows them.",
			 "AZURE_STORAGE_KEY for repository \"%s\" is not a key in base64", client->shown_url);
	s3_request_add_header(exchange, "Authorization", authorization);
	pg_free(authorization);
}

/*
 * Tells libcurl where the request goes; a token that permits it is a part of
 * that.
 */
static void
set_url(S3Exchange *exchange, const char *path)
{
	const S3Client *client = exchange->client;
	const S3Call *call = exchange->call;
	const char *token = client->access.variable(SECRET_KEY) == NULL ?
		client->access.variable(SECRET_SAS) : NULL;
	char	   *query = s3_query(call->query, call->query_count);

	if (token != NULL && token[0] == '?')
		token++;
	exchange->url = psprintf("%s://%s%s%s%s%s%s", client->url->tls ? "https" : "http",
							 client->url->host, path,
							 query[0] == '\0' && token == NULL ? "" : "?", query,
							 query[0] != '\0' && token != NULL ? "&" : "",
							 token == NULL ? "" : token);
	s3_require_done(curl_easy_setopt(exchange->handle, CURLOPT_URL, exchange->url));
	pg_free(query);
}

static void
azure_request_prepare(S3Exchange *exchange)
{
	const AzureUrl *url = exchange->client->dialect_url;
	const S3Call *call = exchange->call;
	S3Pair		headers[HEADER_LIMIT];
	char		stamp[AZURE_TIME_SIZE];
	char		md5[S3_MD5_SIZE];
	char	   *path = request_path(url, call->name);
	AzureSigning signing = {
		.method = call->method, .account = url->account, .path = path,
		.query = call->query, .query_count = call->query_count,
		.headers = headers, .body_len = call->body_len
	};

	azure_time(time(NULL), stamp);
	s3_md5(call->body == NULL ? "" : call->body, call->body_len, md5);
	signing.header_count = gather_headers(call, stamp, md5, headers);
	for (int i = 0; i < signing.header_count; i++)
		s3_request_add_header(exchange, headers[i].name, headers[i].value);
	sign(exchange, &signing);
	s3_request_finish_headers(exchange);
	set_url(exchange, path);
	pg_free(path);
}

const S3Dialect azure_dialect = {
	.prepare = azure_request_prepare,
	.credentials_source = azure_credentials_source,
	.key_hint = KEY_HINT
};

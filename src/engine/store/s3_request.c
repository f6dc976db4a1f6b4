/*
 * What a request to object storage consists of: where it goes, and its
 * headers, signed.
 */
#include "postgres_fe.h"

#include <time.h>

#include "store/s3_exchange.h"

#include "store/aws_credentials.h"

/* Those that are always there, and what a call adds. */
#define HEADER_LIMIT (S3_PAIR_LIMIT + 5)

/*
 * The path of what a request is about, as it is sent and signed.
 */
static char *
request_path(const S3Client *client, const char *name)
{
	const S3Url *url = client->url;
	char	   *key = name == NULL ? NULL : psprintf("%s%s", url->prefix, name);
	char	   *escaped = key == NULL ? NULL : s3_escape(key, true);
	char	   *path = psprintf("%s%s%s%s", url->path_style ? "/" : "",
								url->path_style ? url->bucket : "",
								key != NULL || !url->path_style ? "/" : "",
								key == NULL ? "" : escaped);

	pg_free(escaped);
	pg_free(key);
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

void
s3_request_add_header(S3Exchange *exchange, const char *name, const char *value)
{
	char	   *line = psprintf("%s:%s%s", name, value[0] == '\0' ? "" : " ", value);
	struct curl_slist *longer = curl_slist_append(exchange->headers, line);

	if (longer == NULL)
		s3_require_done(CURLE_OUT_OF_MEMORY);
	exchange->headers = longer;
	pg_free(line);
}

void
s3_request_finish_headers(S3Exchange *exchange)
{
	/* Without a value these are not sent, though libcurl would by itself. */
	s3_request_add_header(exchange, "Content-Type", "");
	s3_request_add_header(exchange, "Expect", "");
	s3_require_done(curl_easy_setopt(exchange->handle, CURLOPT_HTTPHEADER, exchange->headers));
}

/*
 * All headers that are signed, in their order; how many.
 */
static int
gather_headers(const S3Exchange *exchange, const char *host,
			   const S3Signing *signing, const char *session_token,
			   S3Pair headers[HEADER_LIMIT])
{
	const S3Call *call = exchange->call;
	const S3Pair always[] = {
		{"host", host},
		{S3_CHECKSUM_HEADER, call->has_checksum ? exchange->answer->sent_checksum : NULL},
		{"x-amz-content-sha256", signing->digest},
		{"x-amz-date", signing->time},
		{"x-amz-security-token", session_token}
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
 * Signs the request, and adds all headers to it.
 */
static void
sign(S3Exchange *exchange, const char *host, S3Signing signing)
{
	const S3Client *client = exchange->client;
	const AwsCredentials *credentials = aws_credentials(&client->access, client->url->region,
														client->shown_url);
	S3Identity	identity = {credentials->access_key, credentials->secret_key, client->url->region};
	S3Pair		headers[HEADER_LIMIT];
	char	   *authorization;

	signing.headers = headers;
	signing.header_count = gather_headers(exchange, host, &signing, credentials->session_token,
										  headers);
	authorization = s3_authorization(&signing, &identity);
	for (int i = 0; i < signing.header_count; i++)
		s3_request_add_header(exchange, headers[i].name, headers[i].value);
	s3_request_add_header(exchange, "Authorization", authorization);
	s3_request_finish_headers(exchange);
	pg_free(authorization);
}

void
s3_request_prepare(S3Exchange *exchange)
{
	const S3Client *client = exchange->client;
	const S3Call *call = exchange->call;
	const S3Url *url = client->url;
	char	   *host = psprintf("%s%s%s", url->path_style ? "" : url->bucket,
								url->path_style ? "" : ".", url->host);
	char	   *path = request_path(client, call->name);
	char	   *query = s3_query(call->query, call->query_count);
	char		digest[S3_DIGEST_SIZE];
	S3Signing	signing = {.method = call->method, .path = path, .query = query, .digest = digest};

	s3_digest(call->body == NULL ? "" : call->body, call->body_len, digest);
	s3_checksum(digest, exchange->answer->sent_checksum);
	s3_time(time(NULL) + client->clock_offset_s, signing.time);
	sign(exchange, host, signing);
	exchange->url = psprintf("%s://%s%s%s%s", url->tls ? "https" : "http", host,
							 path, query[0] == '\0' ? "" : "?", query);
	s3_require_done(curl_easy_setopt(exchange->handle, CURLOPT_URL, exchange->url));
	pg_free(query);
	pg_free(path);
	pg_free(host);
}

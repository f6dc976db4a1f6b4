/*
 * A small request to a service that gives out credentials.
 *
 * As with requests to the bucket, no redirect is followed, no proxy of the
 * environment used, and certificates are verified always.
 */
#include "postgres_fe.h"

#include <curl/curl.h>

#include "failure.h"
#include "lib/stringinfo.h"
#include "store/aws_answer.h"
#include "store/aws_http.h"

#define PAUSE_US 500000

/* An answer on its way. */
typedef struct Reply
{
	StringInfoData body;
	long		status;
	CURLcode	result;
} Reply;

/*
 * Notes a piece of the answer; it has room for all from the start, so that
 * no copies stay behind.
 */
static size_t
note_data(char *data, size_t size, size_t count, void *context)
{
	Reply	   *reply = context;
	size_t		len = size * count;

	if (reply->body.len + len > AWS_ANSWER_LIMIT)
		return 0;
	appendBinaryStringInfo(&reply->body, data, len);
	return len;
}

/*
 * The headers of a request; NULL if it has none.
 */
static struct curl_slist *
make_headers(const AwsRequest *request)
{
	struct curl_slist *headers = NULL;

	for (int i = 0; i < AWS_HEADER_LIMIT; i++)
	{
		struct curl_slist *longer;

		if (request->headers[i] == NULL)
			continue;
		longer = curl_slist_append(headers, request->headers[i]);
		if (longer == NULL)
			fail(FAILURE_INTERNAL, NULL, "out of memory");
		headers = longer;
	}
	return headers;
}

/*
 * Tells libcurl all about a request; false if it does not take it.
 */
static bool
set_options(CURL *handle, const AwsSearch *search, const AwsRequest *request,
			struct curl_slist *headers, Reply *reply)
{
	const char *ca_file = search->access->ca_file;

	return curl_easy_setopt(handle, CURLOPT_URL, request->url) == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
		(request->body == NULL ||
		 curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body) == CURLE_OK) &&
		curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_TIMEOUT, (long) request->timeout_s) == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_PROXY, "") == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
		(ca_file == NULL || curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file) == CURLE_OK) &&
		curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, note_data) == CURLE_OK &&
		curl_easy_setopt(handle, CURLOPT_WRITEDATA, reply) == CURLE_OK;
}

/*
 * Sends it once.
 */
static void
send_once(const AwsSearch *search, const AwsRequest *request, Reply *reply)
{
	CURL	   *handle = curl_easy_init();
	struct curl_slist *headers = make_headers(request);

	reply->status = 0;
	resetStringInfo(&reply->body);
	if (handle == NULL || !set_options(handle, search, request, headers, reply))
		fail(FAILURE_INTERNAL, NULL, "could not prepare a request for credentials");
	reply->result = curl_easy_perform(handle);
	(void) curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply->status);
	curl_easy_cleanup(handle);
	curl_slist_free_all(headers);
}

/*
 * Says why there is nothing.
 */
static void
explain(AwsSearch *search, const AwsRequest *request, const Reply *reply)
{
	char	   *word;

	if (reply->result != CURLE_OK)
	{
		(void) aws_outcome(search, AWS_FAILED, "\"%s\": %s", request->url,
						   curl_easy_strerror(reply->result));
		return;
	}
	word = aws_read_error(reply->body.data);
	(void) aws_outcome(search, AWS_FAILED, "\"%s\" responded with status %ld%s%s%s",
					   request->url, reply->status, word == NULL ? "" : " (",
					   word == NULL ? "" : word, word == NULL ? "" : ")");
	pg_free(word);
}

/*
 * May another attempt help?
 */
static bool
is_transient(const Reply *reply)
{
	if (reply->result != CURLE_OK)
		return reply->result != CURLE_PEER_FAILED_VERIFICATION &&
			reply->result != CURLE_SSL_CACERT_BADFILE &&
			reply->result != CURLE_URL_MALFORMAT &&
			reply->result != CURLE_WRITE_ERROR;
	return reply->status >= 500 || reply->status == 429 || reply->status == 408;
}

char *
aws_request(AwsSearch *search, const AwsRequest *request)
{
	Reply		reply = {0};

	initStringInfo(&reply.body);
	enlargeStringInfo(&reply.body, AWS_ANSWER_LIMIT + 1);
	for (int attempt = 1; attempt <= request->attempts; attempt++)
	{
		if (attempt > 1)
			pg_usleep(PAUSE_US * (attempt - 1));
		send_once(search, request, &reply);
		if (!is_transient(&reply))
			break;
	}
	if (reply.result == CURLE_OK && reply.status == 200 &&
		strlen(reply.body.data) == reply.body.len)
		return reply.body.data;
	search->transient = is_transient(&reply);
	explain(search, request, &reply);
	aws_forget(reply.body.data);
	return NULL;
}

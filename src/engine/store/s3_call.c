/*
 * One request to object storage, signed and sent by libcurl.
 *
 * What libcurl hands over is only noted within its callbacks; readers, which
 * may fail and so end the process, are called outside of them.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "common/version.h"
#include "failure.h"
#include "store/aws_credentials.h"
#include "store/s3_answer.h"

#define CONNECT_TIMEOUT_S 10

/* More of an answer is not read; a page of a listing has less. */
#define ANSWER_LIMIT (16 * 1024 * 1024)

/* Smaller buffers of libcurl cost noticeably more. */
#define TRANSFER_SIZE (512 * 1024L)

/* So much is on its way to the reader at a time. */
#define WINDOW_SIZE (1024 * 1024)

/* Those that are always there, and what a call adds. */
#define HEADER_LIMIT (S3_PAIR_LIMIT + 4)

/* A request on its way. */
typedef struct Exchange
{
	S3Client   *client;
	const S3Call *call;
	S3Answer   *answer;
	struct curl_slist *headers;
	char	   *url;
	StringInfoData window;		/* for the reader */
	bool		paused;
	bool		too_long;
} Exchange;

/*
 * Fails unless libcurl did as it was told; only memory can be the reason.
 */
static void
require_done(CURLcode result)
{
	if (result != CURLE_OK)
		fail(FAILURE_INTERNAL, NULL, "could not prepare a request: %s",
			 curl_easy_strerror(result));
}

#define set_option(exchange, option, value) \
	require_done(curl_easy_setopt((exchange)->client->handle, option, value))

/*
 * The value of a header, if the line is one of that name: allocated.
 */
static char *
header_value(const char *line, size_t len, const char *name)
{
	size_t		name_len = strlen(name);

	if (len <= name_len || line[name_len] != ':' ||
		pg_strncasecmp(line, name, name_len) != 0)
		return NULL;
	line += name_len + 1;
	len -= name_len + 1;
	while (len > 0 && (*line == ' ' || *line == '\t'))
	{
		line++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
		len--;
	return pnstrdup(line, len);
}

/*
 * Notes what a line of the answer's head says.
 */
static size_t
note_header(char *line, size_t size, size_t count, void *context)
{
	S3Answer   *answer = ((Exchange *) context)->answer;
	size_t		len = size * count;
	char	   *value;

	if ((value = header_value(line, len, "ETag")) != NULL)
		strlcpy(answer->etag, value, sizeof(answer->etag));
	else if ((value = header_value(line, len, S3_TOKEN_HEADER)) != NULL)
		strlcpy(answer->token, value, sizeof(answer->token));
	else if ((value = header_value(line, len, "Content-Length")) != NULL)
		answer->size = strtoll(value, NULL, 10);
	else if ((value = header_value(line, len, "Date")) != NULL)
		answer->date = curl_getdate(value, NULL);
	pg_free(value);
	return len;
}

/*
 * Notes a piece of the answer's body.
 */
static size_t
note_data(char *data, size_t size, size_t count, void *context)
{
	Exchange   *exchange = context;
	S3Answer   *answer = exchange->answer;
	size_t		len = size * count;

	(void) curl_easy_getinfo(exchange->client->handle, CURLINFO_RESPONSE_CODE,
							 &answer->status);
	if (exchange->call->on_data != NULL && answer->status / 100 == 2)
	{
		exchange->paused = exchange->window.len >= WINDOW_SIZE;
		if (exchange->paused)
			return CURL_WRITEFUNC_PAUSE;
		appendBinaryStringInfo(&exchange->window, data, len);
		return len;
	}
	exchange->too_long = answer->body.len + len > ANSWER_LIMIT;
	if (exchange->too_long)
		return 0;
	appendBinaryStringInfo(&answer->body, data, len);
	return len;
}

/*
 * Sees to it that libcurl's handles are this process's own, and not in use.
 * Those of a parent are left alone: so are its connections.
 */
static void
own_handles(S3Client *client)
{
	if (client->owner == getpid() && !client->busy)
	{
		curl_easy_reset(client->handle);
		return;
	}
	client->multi = curl_multi_init();
	client->handle = curl_easy_init();
	if (client->multi == NULL || client->handle == NULL)
		require_done(CURLE_OUT_OF_MEMORY);
	client->owner = getpid();
}

/*
 * Sets what holds for every request.
 */
static void
set_common_options(Exchange *exchange)
{
	long		timeout_s = exchange->client->url->timeout_s;
	const char *ca_file = exchange->client->access.ca_file;

	set_option(exchange, CURLOPT_NOSIGNAL, 1L);
	set_option(exchange, CURLOPT_QUICK_EXIT, 1L);
	set_option(exchange, CURLOPT_CONNECTTIMEOUT, Min(CONNECT_TIMEOUT_S, timeout_s));
	set_option(exchange, CURLOPT_LOW_SPEED_LIMIT, 1L);
	set_option(exchange, CURLOPT_LOW_SPEED_TIME, timeout_s);
	set_option(exchange, CURLOPT_TCP_KEEPALIVE, 1L);
	set_option(exchange, CURLOPT_BUFFERSIZE, TRANSFER_SIZE);
	set_option(exchange, CURLOPT_UPLOAD_BUFFERSIZE, TRANSFER_SIZE);
	set_option(exchange, CURLOPT_PROXY, "");
	set_option(exchange, CURLOPT_FOLLOWLOCATION, 0L);
	set_option(exchange, CURLOPT_PROTOCOLS_STR,
			   exchange->client->url->tls ? "https" : "http");
	set_option(exchange, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	set_option(exchange, CURLOPT_PATH_AS_IS, 1L);
	set_option(exchange, CURLOPT_SSL_VERIFYPEER, 1L);
	set_option(exchange, CURLOPT_SSL_VERIFYHOST, 2L);
	set_option(exchange, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	if (ca_file != NULL)
		set_option(exchange, CURLOPT_CAINFO, ca_file);
	set_option(exchange, CURLOPT_USERAGENT, "erpgo_backup/" ERPGO_BACKUP_VERSION);
	set_option(exchange, CURLOPT_HEADERFUNCTION, note_header);
	set_option(exchange, CURLOPT_HEADERDATA, exchange);
	set_option(exchange, CURLOPT_WRITEFUNCTION, note_data);
	set_option(exchange, CURLOPT_WRITEDATA, exchange);
}

/*
 * Sets method and body.
 */
static void
set_request(Exchange *exchange)
{
	const S3Call *call = exchange->call;

	if (strcmp(call->method, "HEAD") == 0)
		set_option(exchange, CURLOPT_NOBODY, 1L);
	else if (strcmp(call->method, "PUT") == 0 || strcmp(call->method, "POST") == 0)
	{
		set_option(exchange, CURLOPT_POST, 1L);
		set_option(exchange, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) call->body_len);
		set_option(exchange, CURLOPT_POSTFIELDS, call->body == NULL ? "" : call->body);
		set_option(exchange, CURLOPT_CUSTOMREQUEST, call->method);
	}
	else
		set_option(exchange, CURLOPT_CUSTOMREQUEST, call->method);
}

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

/*
 * Adds a header to those that are sent.
 */
static void
send_header(Exchange *exchange, const char *name, const char *value)
{
	char	   *line = psprintf("%s:%s%s", name, value[0] == '\0' ? "" : " ", value);
	struct curl_slist *longer = curl_slist_append(exchange->headers, line);

	if (longer == NULL)
		require_done(CURLE_OUT_OF_MEMORY);
	exchange->headers = longer;
	pg_free(line);
}

/*
 * All headers that are signed, in their order; how many.
 */
static int
gather_headers(const Exchange *exchange, const char *host,
			   const S3Signing *signing, const char *session_token,
			   S3Pair headers[HEADER_LIMIT])
{
	const S3Call *call = exchange->call;
	const S3Pair always[] = {
		{"host", host},
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
sign(Exchange *exchange, const char *host, S3Signing signing)
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
		send_header(exchange, headers[i].name, headers[i].value);
	send_header(exchange, "Authorization", authorization);
	/* Without a value these are not sent, though libcurl would by itself. */
	send_header(exchange, "Content-Type", "");
	send_header(exchange, "Expect", "");
	set_option(exchange, CURLOPT_HTTPHEADER, exchange->headers);
	pg_free(authorization);
}

/*
 * Tells libcurl all about a request.
 */
static void
prepare(Exchange *exchange)
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

	own_handles(exchange->client);
	set_common_options(exchange);
	set_request(exchange);
	s3_digest(call->body == NULL ? "" : call->body, call->body_len, digest);
	s3_time(time(NULL) + client->clock_offset_s, signing.time);
	sign(exchange, host, signing);
	exchange->url = psprintf("%s://%s%s%s%s", url->tls ? "https" : "http", host,
							 path, query[0] == '\0' ? "" : "?", query);
	set_option(exchange, CURLOPT_URL, exchange->url);
	pg_free(query);
	pg_free(path);
	pg_free(host);
}

/*
 * Hands what has come to the reader, and has libcurl go on if it waits for
 * that.
 */
static void
drain(Exchange *exchange)
{
	bool		was_paused;

	do
	{
		if (exchange->window.len > 0)
			exchange->call->on_data(exchange->call->context, exchange->answer,
									exchange->window.data, exchange->window.len);
		resetStringInfo(&exchange->window);
		was_paused = exchange->paused;
		exchange->paused = false;
		if (was_paused)
			require_done(curl_easy_pause(exchange->client->handle, CURLPAUSE_CONT));
	}
	while (exchange->paused);
}

/*
 * Has libcurl do it.
 */
static void
perform(Exchange *exchange)
{
	S3Client   *client = exchange->client;
	CURLMsg    *message;
	int			running;
	int			rest;

	client->busy = true;
	if (curl_multi_add_handle(client->multi, client->handle) != CURLM_OK)
		require_done(CURLE_OUT_OF_MEMORY);
	while (curl_multi_perform(client->multi, &running) == CURLM_OK && running > 0)
	{
		drain(exchange);
		(void) curl_multi_poll(client->multi, NULL, 0, 1000, NULL);
	}
	drain(exchange);
	message = curl_multi_info_read(client->multi, &rest);
	exchange->answer->result = message == NULL ? CURLE_RECV_ERROR : message->data.result;
	(void) curl_easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE,
							 &exchange->answer->status);
	(void) curl_multi_remove_handle(client->multi, client->handle);
	client->busy = false;
}

void
s3_call_add_query(S3Call *call, const char *name, const char *value)
{
	S3Pair		pair = {name, value};

	call->query[call->query_count++] = pair;
}

void
s3_call_add_header(S3Call *call, const char *name, const char *value)
{
	S3Pair		pair = {name, value};

	call->headers[call->header_count++] = pair;
}

void
s3_call_once(S3Client *client, const S3Call *call, S3Answer *answer)
{
	Exchange	exchange = {.client = client, .call = call, .answer = answer};

	memset(answer, 0, sizeof(*answer));
	answer->size = -1;
	initStringInfo(&answer->body);
	initStringInfo(&exchange.window);
	prepare(&exchange);
	perform(&exchange);
	if (answer->status != 0)
		client->reached = true;
	if (exchange.too_long)
		fail(FAILURE_DAMAGED, NULL, "the server of repository \"%s\" answers more than it can have to say",
			 client->shown_url);
	s3_answer_read_error(answer);
	curl_slist_free_all(exchange.headers);
	pg_free(exchange.window.data);
	pg_free(exchange.url);
}

void
s3_answer_free(S3Answer *answer)
{
	pg_free(answer->body.data);
	answer->body.data = NULL;
}

void
s3_client_close(S3Client *client)
{
	if (client->owner != getpid())
		return;
	curl_easy_cleanup(client->handle);
	(void) curl_multi_cleanup(client->multi);
	client->owner = 0;
}

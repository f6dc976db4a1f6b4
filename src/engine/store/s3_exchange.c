/*
 * Requests to object storage on their way, by libcurl.
 *
 * What libcurl hands over is only noted within its callbacks; readers, which
 * may fail and so end the process, are called outside of them.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "common/version.h"
#include "store/s3_exchange.h"

#include "failure.h"

#define CONNECT_TIMEOUT_S 10

/* More of an answer is not read; a page of a listing has less. */
#define ANSWER_LIMIT (16 * 1024 * 1024)

/* Smaller buffers of libcurl cost noticeably more. */
#define TRANSFER_SIZE (512 * 1024L)

/* So much is on its way to the reader at a time. */
#define WINDOW_SIZE (1024 * 1024)

/* Connections that are kept for requests to come. */
#define CONNECTION_LIMIT 32L

/* Handles that are kept, with what they know of sessions of TLS. */
#define SPARE_LIMIT (S3_PARALLEL_LIMIT + 2)

/* What a process has of libcurl. */
typedef struct Transport
{
	pid_t		owner;			/* the process whose it is */
	CURLM	   *multi;			/* has the connections */
	CURL	   *spares[SPARE_LIMIT];
	int			spare_count;
	S3Exchange *under_way;
} Transport;

static Transport transport;

void
s3_require_done(CURLcode result)
{
	if (result != CURLE_OK)
		fail(FAILURE_INTERNAL, NULL, "could not prepare a request: %s",
			 curl_easy_strerror(result));
}

#define set_option(exchange, option, value) \
	s3_require_done(curl_easy_setopt((exchange)->handle, option, value))

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
 * Copies the value of a header, if the line is one of that name.
 */
static bool
note_text(const char *line, size_t len, const char *name, char *noted, size_t size)
{
	char	   *value = header_value(line, len, name);

	if (value == NULL)
		return false;
	strlcpy(noted, value, size);
	pg_free(value);
	return true;
}

/*
 * Notes which part of an object follows: "bytes 0-99/1234".
 */
static void
note_range(S3Answer *answer, const char *value)
{
	long long	from;
	long long	to;
	long long	total;

	if (sscanf(value, "bytes %lld-%lld/%lld", &from, &to, &total) != 3 ||
		from < 0 || to < from || total <= to)
		return;
	answer->range_from = from;
	answer->range_total = total;
}

/*
 * Notes what a line of the answer's head says.
 */
static size_t
note_header(char *line, size_t size, size_t count, void *context)
{
	S3Answer   *answer = ((S3Exchange *) context)->answer;
	size_t		len = size * count;
	char		value[128];

	if (note_text(line, len, "ETag", answer->etag, sizeof(answer->etag)) ||
		note_text(line, len, S3_TOKEN_HEADER, answer->token, sizeof(answer->token)) ||
		note_text(line, len, AZURE_TOKEN_HEADER, answer->token, sizeof(answer->token)) ||
		note_text(line, len, "x-ms-error-code", answer->error, sizeof(answer->error)) ||
		note_text(line, len, S3_CHECKSUM_HEADER, answer->checksum, sizeof(answer->checksum)) ||
		note_text(line, len, "x-amz-restore", answer->restore, sizeof(answer->restore)) ||
		note_text(line, len, "x-amz-storage-class", answer->storage_class, sizeof(answer->storage_class)))
		return len;
	if (note_text(line, len, "Content-Length", value, sizeof(value)))
		answer->size = strtoll(value, NULL, 10);
	else if (note_text(line, len, "Date", value, sizeof(value)))
		answer->date = curl_getdate(value, NULL);
	else if (note_text(line, len, "Content-Range", value, sizeof(value)))
		note_range(answer, value);
	return len;
}

/*
 * Notes a piece of the answer's body.
 */
static size_t
note_data(char *data, size_t size, size_t count, void *context)
{
	S3Exchange *exchange = context;
	S3Answer   *answer = exchange->answer;
	size_t		len = size * count;

	(void) curl_easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE, &answer->status);
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
 * Sees to it that what there is of libcurl is this process's own.
 */
static void
own_transport(void)
{
	if (transport.owner == getpid())
		return;
	memset(&transport, 0, sizeof(transport));
	transport.multi = curl_multi_init();
	if (transport.multi == NULL)
		s3_require_done(CURLE_OUT_OF_MEMORY);
	(void) curl_multi_setopt(transport.multi, CURLMOPT_MAXCONNECTS, CONNECTION_LIMIT);
	transport.owner = getpid();
}

/*
 * A handle that is not in use.
 */
static CURL *
take_handle(void)
{
	CURL	   *handle = transport.spare_count > 0 ?
		transport.spares[--transport.spare_count] : curl_easy_init();

	if (handle == NULL)
		s3_require_done(CURLE_OUT_OF_MEMORY);
	return handle;
}

/*
 * The reverse.
 */
static void
give_back_handle(CURL *handle)
{
	if (transport.spare_count == SPARE_LIMIT)
	{
		curl_easy_cleanup(handle);
		return;
	}
	curl_easy_reset(handle);
	transport.spares[transport.spare_count++] = handle;
}

/*
 * Sets what holds for every request.
 */
static void
set_common_options(S3Exchange *exchange)
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
	set_option(exchange, CURLOPT_PRIVATE, exchange);
}

/*
 * Sets method and body.
 */
static void
set_request(S3Exchange *exchange)
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

S3Exchange *
s3_exchange_begin(S3Client *client, const S3Call *call, S3Answer *answer)
{
	S3Exchange *exchange = pg_malloc0(sizeof(S3Exchange));

	own_transport();
	memset(answer, 0, sizeof(*answer));
	answer->size = -1;
	answer->range_from = -1;
	answer->range_total = -1;
	answer->signing = client->signing;
	initStringInfo(&answer->body);
	exchange->client = client;
	exchange->call = call;
	exchange->answer = answer;
	exchange->handle = take_handle();
	initStringInfo(&exchange->window);
	initStringInfo(&exchange->taken);
	set_common_options(exchange);
	set_request(exchange);
	if (client->dialect == NULL)
		s3_request_prepare(exchange);
	else
		client->dialect->prepare(exchange);
	if (curl_multi_add_handle(transport.multi, exchange->handle) != CURLM_OK)
		s3_require_done(CURLE_OUT_OF_MEMORY);
	exchange->next = transport.under_way;
	transport.under_way = exchange;
	return exchange;
}

/*
 * Hands what has come to the reader, and has libcurl go on if it waits for
 * that.  The reader may send requests of its own, which move this one, too:
 * what they bring waits.
 */
static void
drain(S3Exchange *exchange)
{
	StringInfoData taken = exchange->window;
	bool		was_paused = exchange->paused;

	exchange->window = exchange->taken;
	exchange->taken = taken;
	exchange->reading = true;
	if (taken.len > 0)
		exchange->call->on_data(exchange->call->context, exchange->answer, taken.data, taken.len);
	resetStringInfo(&exchange->taken);
	exchange->reading = false;
	if (!was_paused)
		return;
	exchange->paused = false;
	s3_require_done(curl_easy_pause(exchange->handle, CURLPAUSE_CONT));
}

/*
 * One that has something for its reader, who is not reading; NULL if there is
 * none.
 */
static S3Exchange *
find_readable(void)
{
	for (S3Exchange *exchange = transport.under_way; exchange != NULL; exchange = exchange->next)
	{
		if (!exchange->reading && (exchange->window.len > 0 || exchange->paused))
			return exchange;
	}
	return NULL;
}

/*
 * Notes the end of a request.
 */
static void
note_end(const CURLMsg *message)
{
	S3Exchange *exchange = NULL;
	char	   *found = NULL;

	if (message->msg != CURLMSG_DONE)
		return;
	(void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &found);
	exchange = (S3Exchange *) found;
	exchange->answer->result = message->data.result;
	(void) curl_easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE,
							 &exchange->answer->status);
	exchange->done = true;
}

void
s3_exchanges_move(int wait_ms)
{
	S3Exchange *readable;
	CURLMsg    *message;
	int			running;
	int			rest;

	own_transport();
	if (wait_ms > 0)
		(void) curl_multi_poll(transport.multi, NULL, 0, wait_ms, NULL);
	(void) curl_multi_perform(transport.multi, &running);
	/* From the start each time: a reader may begin and end others. */
	while ((readable = find_readable()) != NULL)
		drain(readable);
	while ((message = curl_multi_info_read(transport.multi, &rest)) != NULL)
		note_end(message);
}

bool
s3_exchange_is_done(const S3Exchange *exchange)
{
	return exchange->done && !exchange->reading && exchange->window.len == 0;
}

/*
 * Takes a request out of those on their way.
 */
static void
forget(S3Exchange *exchange)
{
	for (S3Exchange **link = &transport.under_way; *link != NULL; link = &(*link)->next)
	{
		if (*link == exchange)
		{
			*link = exchange->next;
			return;
		}
	}
}

void
s3_exchange_end(S3Exchange *exchange)
{
	forget(exchange);
	(void) curl_multi_remove_handle(transport.multi, exchange->handle);
	give_back_handle(exchange->handle);
	curl_slist_free_all(exchange->headers);
	pg_free(exchange->window.data);
	pg_free(exchange->taken.data);
	pg_free(exchange->url);
	pg_free(exchange);
}

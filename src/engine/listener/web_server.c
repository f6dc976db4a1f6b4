/*
 * HTTP, by libmicrohttpd, in one thread.
 */
#include "postgres_fe.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include "clock.h"
#include "failure.h"
#include "listener/web_server.h"

/* Who comes when there are as many waits until one of them is gone. */
#define CONNECTION_LIMIT 32
/* How long a connection may last: scrapers wait for 10 s. */
#define CONNECTION_LIFE_MS 5000
/* What a request, and the head of its answer, may take. */
#define CONNECTION_MEMORY (16 * 1024)

#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* A connection that is open. */
typedef struct Connection
{
	int			fd;				/* -1 if there is none */
	int64		opened_ms;		/* by clock_ms */
} Connection;

struct WebServer
{
	struct MHD_Daemon *daemon;
	int			descriptor;
	RequestHandler handler;
	void	   *context;
	Connection	connections[CONNECTION_LIMIT];
};

/* A header that is looked for. */
typedef struct HeaderSearch
{
	const char *name;
	const char *value;
	int			count;
} HeaderSearch;

static enum MHD_Result
look_at_header(void *context, enum MHD_ValueKind kind, const char *name,
			   const char *value)
{
	HeaderSearch *search = context;

	if (pg_strcasecmp(name, search->name) == 0)
	{
		search->value = value;
		search->count++;
	}
	return MHD_YES;
}

/*
 * The value of a header; NULL if there is none, or more than one.
 */
static const char *
find_header(struct MHD_Connection *connection, const char *name)
{
	HeaderSearch search = {.name = name};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at_header, &search);
	return search.count == 1 ? search.value : NULL;
}

/*
 * Adds a header to an answer.
 */
static void
put_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) != MHD_YES)
		fail(FAILURE_INTERNAL, NULL, "could not prepare an answer: out of memory");
}

/*
 * An answer as libmicrohttpd takes it.
 */
static struct MHD_Response *
make_response(const Answer *answer)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(answer->body),
									unconstify(char *, answer->body),
									MHD_RESPMEM_MUST_COPY);

	if (response == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not prepare an answer: out of memory");
	put_header(response, "Content-Type", answer->content_type);
	put_header(response, "Cache-Control", "no-store");
	put_header(response, "X-Content-Type-Options", "nosniff");
	put_header(response, "Connection", "close");
	if (answer->status == MHD_HTTP_UNAUTHORIZED)
		put_header(response, "WWW-Authenticate",
				   "Basic realm=\"erpgo_backup\", charset=\"UTF-8\"");
	if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		put_header(response, "Allow", "GET, HEAD");
	return response;
}

/*
 * Answers a request at once: its body, if there is one, is not read.
 */
static enum MHD_Result
handle_request(void *context, struct MHD_Connection *connection,
			   const char *url, const char *method, const char *version,
			   const char *upload, size_t *upload_size, void **request_context)
{
	WebServer  *server = context;
	Request		request = {
		.method = method,
		.path = url,
		.host = find_header(connection, "Host"),
		.authorization = find_header(connection, "Authorization"),
		.accept = find_header(connection, "Accept")
	};
	Answer		answer = server->handler(&request, server->context);
	struct MHD_Response *response = make_response(&answer);
	enum MHD_Result result;

	result = MHD_queue_response(connection, answer.status, response);
	MHD_destroy_response(response);
	return result;
}

/*
 * Notes that a connection was opened or closed.
 */
static void
note_connection(void *context, struct MHD_Connection *handle,
				void **noted, enum MHD_ConnectionNotificationCode code)
{
	WebServer  *server = context;
	Connection *connection = *noted;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
	{
		if (connection != NULL)
			connection->fd = -1;
		return;
	}
	for (int i = 0; i < CONNECTION_LIMIT; i++)
	{
		connection = &server->connections[i];
		if (connection->fd >= 0)
			continue;
		connection->fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		connection->opened_ms = clock_ms();
		*noted = connection;
		break;
	}
}

/*
 * Drops what libmicrohttpd says: clients could fill a log with it.
 */
static void
drop_message(void *context, const char *format, va_list arguments)
{
}

WebServer *
web_server_start(int socket, const Identity *identity, RequestHandler handler,
				 void *context)
{
	WebServer  *server = pg_malloc0(sizeof(WebServer));
	unsigned int flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_PRIORITIES, 0, TLS_PRIORITIES},
		{MHD_OPTION_HTTPS_MEM_CERT, 0, identity == NULL ? NULL : identity->certificate_pem},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, identity == NULL ? NULL : identity->key_pem},
		{MHD_OPTION_END, 0, NULL}
	};

	for (int i = 0; i < CONNECTION_LIMIT; i++)
		server->connections[i].fd = -1;
	server->handler = handler;
	server->context = context;
	if (identity == NULL)
		tls[0].option = MHD_OPTION_END;
	else
		flags |= MHD_USE_TLS;
	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle_request, server,
									  MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL,
									  MHD_OPTION_LISTEN_SOCKET, socket,
									  MHD_OPTION_CONNECTION_LIMIT, (unsigned int) CONNECTION_LIMIT,
									  MHD_OPTION_CONNECTION_TIMEOUT,
									  (unsigned int) (CONNECTION_LIFE_MS / 1000),
									  MHD_OPTION_CONNECTION_MEMORY_LIMIT,
									  (size_t) CONNECTION_MEMORY,
									  MHD_OPTION_STRICT_FOR_CLIENT, 1,
									  MHD_OPTION_NOTIFY_CONNECTION, note_connection, server,
									  MHD_OPTION_ARRAY, tls,
									  MHD_OPTION_END);
	if (server->daemon == NULL)
		fail(FAILURE_STATE, identity == NULL ? NULL :
			 "Look at erpgo_backup.metrics_tls_certificate and erpgo_backup.metrics_tls_key.",
			 "could not start to serve metrics");
	server->descriptor = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	return server;
}

int
web_server_descriptor(WebServer *server)
{
	return server->descriptor;
}

int
web_server_timeout(WebServer *server)
{
	MHD_UNSIGNED_LONG_LONG library;
	int64		shortest = -1;

	if (MHD_get_timeout(server->daemon, &library) == MHD_YES)
		shortest = Min(library, CONNECTION_LIFE_MS);
	for (int i = 0; i < CONNECTION_LIMIT; i++)
	{
		const Connection *connection = &server->connections[i];
		int64		left = connection->opened_ms + CONNECTION_LIFE_MS - clock_ms();

		if (connection->fd >= 0 && (shortest < 0 || left < shortest))
			shortest = Max(left, 0);
	}
	return (int) shortest;
}

/*
 * Ends the connections whose time is up: a client that sends a byte now and
 * then would keep its own for ever.
 */
static void
end_old_connections(WebServer *server)
{
	for (int i = 0; i < CONNECTION_LIMIT; i++)
	{
		Connection *connection = &server->connections[i];

		if (connection->fd < 0 ||
			clock_ms() - connection->opened_ms < CONNECTION_LIFE_MS)
			continue;
		(void) shutdown(connection->fd, SHUT_RDWR);
		connection->opened_ms = clock_ms();
	}
}

void
web_server_work(WebServer *server)
{
	end_old_connections(server);
	if (MHD_run(server->daemon) != MHD_YES)
		fail(FAILURE_INTERNAL, NULL, "could not go on to serve metrics");
}

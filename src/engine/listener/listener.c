/*
 * The metrics listener: serves over HTTP what the server said of itself last.
 */
#include "postgres_fe.h"

#include <poll.h>

#include "clock.h"
#include "listener/listener.h"
#include "listener/listening_socket.h"
#include "listener/openmetrics.h"
#include "listener/web_server.h"
#include "protocol.h"
#include "protocol_input.h"

/* What is shorter can be guessed. */
#define TOKEN_LENGTH_LEAST 16

typedef struct Listener
{
	AccessPolicy policy;
	int64		maximum_age_ms;
	json_t	   *message;		/* that the snapshot is taken from, or NULL */
	Snapshot	snapshot;
	int64		taken_ms;		/* by clock_ms */
} Listener;

/*
 * Decides on a request.
 */
static Answer
handle_request(const Request *request, void *context)
{
	const Listener *listener = context;
	bool		is_current = listener->message != NULL &&
		clock_ms() - listener->taken_ms <= listener->maximum_age_ms;

	return request_answer(&listener->policy, request,
						  is_current ? &listener->snapshot : NULL);
}

/*
 * Fails if a token could be guessed, or not be sent.
 */
static void
require_good_token(const char *token)
{
	bool		is_printable = true;

	if (token == NULL)
		return;
	for (const char *byte = token; *byte != '\0'; byte++)
		is_printable &= *byte > ' ' && *byte <= '~';
	if (!is_printable || strlen(token) < TOKEN_LENGTH_LEAST)
		fail(FAILURE_STATE, "Make one, for example with \"openssl rand -hex 32\".",
			 "METRICS_TOKEN is not %d or more printable ASCII characters without spaces",
			 TOKEN_LENGTH_LEAST);
}

/*
 * Fails if metrics would be open to other machines.
 */
static void
require_protection(const ListenerOptions *options)
{
	if (options->token == NULL)
		fail(FAILURE_STATE,
			 "Put METRICS_TOKEN into the file that erpgo_backup.secrets_file names, or listen on 127.0.0.1.",
			 "cannot serve metrics beyond this machine on \"%s\" without a token",
			 options->address);
	if (options->certificate == NULL)
		fail(FAILURE_STATE,
			 "Set erpgo_backup.metrics_tls_certificate and erpgo_backup.metrics_tls_key, or listen on 127.0.0.1.",
			 "cannot serve metrics beyond this machine on \"%s\" without TLS",
			 options->address);
}

/*
 * Loads what TLS needs, if it is wanted; *identity is what was loaded.
 */
static bool
load_identity(const ListenerOptions *options, Identity *identity)
{
	if ((options->certificate == NULL) != (options->key == NULL))
		fail(FAILURE_STATE, "Set both, or none.",
			 "erpgo_backup.metrics_tls_certificate and erpgo_backup.metrics_tls_key need each other");
	if (options->certificate == NULL)
		return false;
	*identity = identity_load(options->certificate, options->key);
	return true;
}

/*
 * Takes over what the server says of itself.
 */
static void
take_snapshot(Listener *listener, json_t *message)
{
	json_t	   *body = json_object_get(message, "snapshot");
	Snapshot   *snapshot = &listener->snapshot;
	const char *reasons = json_string_value(json_object_get(body, "reasons"));

	if (!json_is_object(body))
	{
		json_decref(message);
		return;
	}
	pg_free(unconstify(char *, snapshot->openmetrics));
	json_decref(listener->message);
	listener->message = message;
	listener->taken_ms = clock_ms();
	snapshot->metrics = json_string_value(json_object_get(body, "metrics"));
	snapshot->openmetrics = snapshot->metrics == NULL ? NULL :
		openmetrics_from_text(snapshot->metrics);
	snapshot->healthy = json_is_true(json_object_get(body, "healthy"));
	snapshot->reasons = reasons == NULL ? "" : reasons;
}

/*
 * Listens to the server; false if it is gone.
 */
static bool
take_snapshots(Listener *listener, ProtocolInput *input)
{
	bool		is_there = protocol_input_fill(input);
	json_t	   *message;

	while ((message = protocol_input_next(input)) != NULL)
		take_snapshot(listener, message);
	return is_there;
}

/*
 * Serves until the server is gone.
 */
static void
serve(Listener *listener, WebServer *server)
{
	ProtocolInput input;

	protocol_input_init(&input);
	progress_report("listening", NULL, 0, 0);
	do
	{
		struct pollfd polled[] = {
			{.fd = input.fd, .events = POLLIN},
			{.fd = web_server_descriptor(server), .events = POLLIN}
		};

		if (poll(polled, lengthof(polled), web_server_timeout(server)) < 0 &&
			errno != EINTR)
			fail_errno("could not wait for clients");
		web_server_work(server);
	} while (take_snapshots(listener, &input));
}

void
listener_run(const ListenerOptions *options)
{
	Listener	listener = {.maximum_age_ms = options->maximum_age_ms};
	ListenAddress address;
	Identity	identity = {0};
	const char *problem;
	bool		has_tls;
	bool		beyond_loopback;
	int			socket;

	if (!listen_address_parse(options->address, &address, &problem))
		fail(FAILURE_USAGE, problem, "cannot listen on \"%s\"", options->address);
	require_good_token(options->token);
	has_tls = load_identity(options, &identity);
	socket = listening_socket_open(options->address, &address, &beyond_loopback);
	if (beyond_loopback)
		require_protection(options);
	listener.policy.token = options->token;
	listener.policy.host = address.host;
	listener.policy.certificate = identity.certificate;
	serve(&listener, web_server_start(socket, has_tls ? &identity : NULL,
									  handle_request, &listener));
}

/*
 * Connections to a PostgreSQL server, through libpq.
 */
#include "postgres_fe.h"

#include <poll.h>
#include <pwd.h>
#include <unistd.h>

#include "database/connection.h"
#include "database/refusal.h"
#include "failure.h"
#include "lib/stringinfo.h"

/* How long a server may take to let us in. */
#define CONNECT_TIMEOUT_MS 30000

/* The SQLSTATE of a database that does not exist. */
#define UNDEFINED_DATABASE "3D000"

/*
 * What ALTER DATABASE and ALTER ROLE may have set must not disturb us; not
 * every version has all of these.
 */
static const char settle_query[] =
"SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings"
" WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout',"
" 'idle_session_timeout', 'idle_in_transaction_session_timeout')"
" UNION ALL SELECT pg_catalog.set_config('search_path', '', false)"
" UNION ALL SELECT pg_catalog.set_config('client_encoding',"
" pg_catalog.current_setting('server_encoding'), false)";

/*
 * The reason in a verbose message of libpq: the sentence after the SQLSTATE
 * that the server gave, or else the whole message, on one line.
 */
static char *
plain_reason(const char *message)
{
	char		sqlstate[SQLSTATE_SIZE];
	StringInfoData reason;

	if (verbose_message_sqlstate(message, sqlstate))
	{
		message = strstr(message, psprintf(":  %s: ", sqlstate)) + strlen(":  00000: ");
		return pnstrdup(message, strcspn(message, "\n"));
	}
	initStringInfo(&reason);
	while (*message != '\0')
	{
		size_t		len = strcspn(message, "\n\t");

		appendBinaryStringInfo(&reason, message, len);
		message += len;
		message += strspn(message, "\n\t");
		if (*message != '\0')
			appendStringInfoChar(&reason, ' ');
	}
	return reason.data;
}

/*
 * The name of the user that this process belongs to; "" if it has none.
 */
static const char *
system_user(void)
{
	struct passwd *entry = getpwuid(geteuid());

	return entry == NULL ? "" : entry->pw_name;
}

/*
 * Fails because a server did not let us in.
 */
static void
fail_to_connect(const PGconn *connection)
{
	const char *message = PQerrorMessage(connection);
	char		sqlstate[SQLSTATE_SIZE] = "08006";
	const char *hint = NULL;

	if (PQconnectionNeedsPassword(connection))
		strlcpy(sqlstate, "28P01", SQLSTATE_SIZE);
	else
		verbose_message_sqlstate(message, sqlstate);
	if (strncmp(sqlstate, "28", 2) == 0)
		hint = hba_hint(PQuser(connection), PQhost(connection), system_user());
	else if (strcmp(sqlstate, UNDEFINED_DATABASE) == 0)
		hint = "It may have been dropped or renamed just now.";
	fail(sqlstate_failure_kind(sqlstate, FAILURE_CONNECTION), hint,
		 "could not connect to database \"%s\": %s", PQdb(connection),
		 plain_reason(message));
}

/*
 * Waits until the server may go on with a connection that is being made;
 * false if it takes too long.
 */
static bool
wait_for_server(PGconn *connection, PostgresPollingStatusType wanted)
{
	struct pollfd socket = {
		.fd = PQsocket(connection),
		.events = wanted == PGRES_POLLING_WRITING ? POLLOUT : POLLIN
	};
	int			ready;

	do
		ready = poll(&socket, 1, CONNECT_TIMEOUT_MS);
	while (ready < 0 && errno == EINTR);
	return ready > 0;
}

/*
 * Begins a connection and waits until it is there, or has failed.
 */
static PGconn *
make_connection(const char *conninfo)
{
	PGconn	   *connection = PQconnectStart(conninfo);
	PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;

	if (connection == NULL)
		fail(FAILURE_INTERNAL, NULL, "out of memory");

	/* Only a verbose message holds the SQLSTATE of a refusal. */
	PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
	while (PQstatus(connection) != CONNECTION_BAD && wanted != PGRES_POLLING_OK)
	{
		if (!wait_for_server(connection, wanted))
			fail(FAILURE_CONNECTION, NULL,
				 "could not connect to database \"%s\": the server did not respond within %d s",
				 PQdb(connection), CONNECT_TIMEOUT_MS / 1000);
		wanted = PQconnectPoll(connection);
		if (wanted == PGRES_POLLING_FAILED)
			break;
	}
	return connection;
}

/*
 * What the server says beside results is for its own log.
 */
static void
ignore_notice(void *argument, const char *message)
{
}

/*
 * Makes a new connection behave as it should everywhere; fails if there is
 * none.
 */
static PGconn *
settle_connection(PGconn *connection)
{
	if (PQstatus(connection) != CONNECTION_OK)
		fail_to_connect(connection);
	PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
	PQsetNoticeProcessor(connection, ignore_notice, NULL);
	PQclear(query_or_fail(connection, settle_query, 0, NULL));
	return connection;
}

PGconn *
connect_or_fail(const char *conninfo)
{
	connection_environment();
	return settle_connection(make_connection(conninfo));
}

PGconn *
connect_if_exists(const char *conninfo)
{
	PGconn	   *connection;
	char		sqlstate[SQLSTATE_SIZE] = "";

	connection_environment();
	connection = make_connection(conninfo);
	if (PQstatus(connection) != CONNECTION_OK)
		verbose_message_sqlstate(PQerrorMessage(connection), sqlstate);
	if (strcmp(sqlstate, UNDEFINED_DATABASE) != 0)
		return settle_connection(connection);
	PQfinish(connection);
	return NULL;
}

/*
 * Fails with what the server said of a statement.
 */
static void
fail_for_result(PGconn *connection, const PGresult *result)
{
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	Failure		failure = {
		.kind = sqlstate_failure_kind(PQresultErrorField(result, PG_DIAG_SQLSTATE),
									  FAILURE_PROGRAM),
		.detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL),
		.hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT)
	};

	if (PQstatus(connection) == CONNECTION_BAD)
		failure.kind = FAILURE_CONNECTION;
	if (primary == NULL)
		primary = plain_reason(PQerrorMessage(connection));
	failure.message = psprintf("could not execute a statement in database \"%s\": %s",
							   PQdb(connection), primary);
	fail_with(&failure);
}

PGresult *
query_or_fail(PGconn *connection, const char *query, int nparams,
			  const char *const *params)
{
	PGresult   *result = PQexecParams(connection, query, nparams, NULL, params,
									  NULL, NULL, 0);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_for_result(connection, result);
	return result;
}

void
execute_or_fail(PGconn *connection, const char *command)
{
	PGresult   *result = PQexec(connection, command);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_for_result(connection, result);
	PQclear(result);
}

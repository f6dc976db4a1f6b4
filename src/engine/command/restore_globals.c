/*
 * Restores roles and tablespaces, by psql.
 *
 * What exists already, such as the role that restores, is no error.  A
 * script of pg_dumpall says nothing of that, so psql goes on after errors,
 * and what it says is sorted here.
 */
#include "postgres_fe.h"

#include <ctype.h>
#include <poll.h>
#include <unistd.h>

#include "command/restore.h"
#include "database/feed.h"
#include "process.h"

/* How psql begins a message about a line of the script. */
#define MESSAGE_PREFIX "psql:<stdin>:"

/* The SQLSTATE of what exists already. */
#define DUPLICATE_OBJECT "42710"

/* So many errors are shown. */
#define SHOWN_ERRORS 10

/* What psql said so far. */
typedef struct Outcome
{
	int			skipped;
	int			errors;
	StringInfoData first_error;
	StringInfoData shown;
} Outcome;

/*
 * The SQLSTATE in "ERROR:  42710: reason", where the first word comes in the
 * server's language; NULL if there is none.
 */
static const char *
find_sqlstate(const char *message)
{
	const char *state = strstr(message, ":  ");

	if (state == NULL)
		return NULL;
	state += strlen(":  ");
	for (int i = 0; i < 5; i++)
	{
		if (!isdigit((unsigned char) state[i]) &&
			!isupper((unsigned char) state[i]))
			return NULL;
	}
	return strncmp(state + 5, ": ", 2) == 0 ? state : NULL;
}

GlobalsMessage
globals_message(const char *line, const char **reason)
{
	const char *sqlstate;

	*reason = line;
	if (strncmp(line, "psql: error: ", strlen("psql: error: ")) == 0)
		return GLOBALS_ERROR;
	if (strncmp(line, MESSAGE_PREFIX, strlen(MESSAGE_PREFIX)) != 0)
		return GLOBALS_NOTHING;
	*reason = line + strlen(MESSAGE_PREFIX);
	sqlstate = find_sqlstate(*reason);
	if (sqlstate == NULL)
		return strstr(*reason, ": error: ") != NULL ? GLOBALS_ERROR :
			GLOBALS_NOTHING;

	/* Classes 00 to 02 are success, warning and no data. */
	if (sqlstate[0] == '0' && sqlstate[1] <= '2')
		return GLOBALS_NOTHING;
	return strncmp(sqlstate, DUPLICATE_OBJECT, 5) == 0 ? GLOBALS_EXISTS :
		GLOBALS_ERROR;
}

/*
 * Takes note of one line of psql's messages.
 */
static void
note_line(Outcome *outcome, const char *line)
{
	const char *reason;

	switch (globals_message(line, &reason))
	{
		case GLOBALS_NOTHING:
			break;
		case GLOBALS_EXISTS:
			outcome->skipped++;
			break;
		case GLOBALS_ERROR:
			if (outcome->errors == 0)
				appendStringInfoString(&outcome->first_error, reason);
			else if (outcome->errors < SHOWN_ERRORS)
				appendStringInfo(&outcome->shown, "%sline %s",
								 outcome->shown.len > 0 ? "\n" : "", reason);
			outcome->errors++;
			break;
	}
}

/*
 * Takes note of the complete lines in a buffer, and keeps the rest.
 */
static void
note_lines(Outcome *outcome, StringInfo buffer)
{
	char	   *line = buffer->data;
	char	   *end;

	while ((end = strchr(line, '\n')) != NULL)
	{
		*end = '\0';
		note_line(outcome, line);
		line = end + 1;
	}
	buffer->len -= line - buffer->data;
	memmove(buffer->data, line, buffer->len + 1);
}

/*
 * Reads psql's messages until it has closed them.  The end of them alone
 * would be kept by program_wait.
 */
static void
read_messages(Program *psql, Outcome *outcome)
{
	StringInfoData buffer;
	char		chunk[4096];
	ssize_t		got;

	initStringInfo(&buffer);
	while ((got = read(psql->err, chunk, sizeof(chunk))) != 0)
	{
		struct pollfd fd = {.fd = psql->err, .events = POLLIN};

		if (got > 0)
		{
			appendBinaryStringInfo(&buffer, chunk, got);
			note_lines(outcome, &buffer);
		}
		else if (errno == EAGAIN)
			poll(&fd, 1, -1);
		else if (errno != EINTR)
			fail_errno("could not read from psql");
	}
	note_line(outcome, buffer.data);
	pfree(buffer.data);
}

/*
 * Fails if psql met an error, with the line of the script where it did.
 */
static void
check_outcome(const Outcome *outcome, int status)
{
	Failure		failure = {
		.kind = FAILURE_PROGRAM,
		.hint = "Statements before and after that line were executed; they may be executed again."
	};

	if (outcome->errors == 0 && status == 0)
		return;
	if (outcome->errors == 0)
		failure.message = psprintf("could not restore the globals: psql %s",
								   wait_status_text(status));
	else
		failure.message = psprintf("could not restore the globals: line %s",
								   outcome->first_error.data);
	if (outcome->errors > 1)
		failure.detail = psprintf("There were %d errors. Further ones:\n%s",
								  outcome->errors, outcome->shown.data);
	fail_with(&failure);
}

void
restore_globals(Restore *restore)
{
	const char *argv[] = {
		restore->psql, "--no-psqlrc", "--quiet", "--no-password", "--file=-",
		"--set=ON_ERROR_STOP=0", "--set=VERBOSITY=verbose",
		psprintf("--dbname=%s", restore->maintenance_conninfo), NULL
	};
	Program    *psql = program_start(argv, client_environment(), PROGRAM_IN);
	Isolated   *feed = feed_start(restore->repository, restore->backup,
								  restore->globals, psql->in, NULL);
	Outcome		outcome = {0};
	Failure		problem;

	initStringInfo(&outcome.first_error);
	initStringInfo(&outcome.shown);
	program_close_input(psql);
	read_messages(psql, &outcome);
	if (!isolated_finish(feed, &problem))
		fail_with(&problem);
	check_outcome(&outcome, program_wait(psql));
	program_kill(psql);
	restore->globals_skipped = outcome.skipped;
}

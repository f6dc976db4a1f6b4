/*
 * The archive library: archive_library = 'erpgo_backup'.
 *
 * The archiver asks an engine, which it starts once, for one file after the
 * other, and believes nothing but its answer.  Whatever goes wrong is a
 * warning and "not archived": the server keeps the file and asks again.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "engine_process.h"
#include "engine_protocol.h"
#include "key_settings.h"
#include "repository_settings.h"
#include "settings.h"
#include "time_passed.h"

/* Interrupts are looked at this often even if no signal comes. */
#define WAIT_MS 1000
/* A file for which the engine takes longer is given up. */
#define ARCHIVE_LIMIT_MS (10 * 60 * 1000)
/* What the engine is allowed at its end. */
#define END_GRACE_MS 1000

/* What became of a file. */
typedef enum Answer
{
	ANSWER_NONE,
	ANSWER_ARCHIVED,
	ANSWER_REFUSED,
	ANSWER_NO_MORE				/* the engine said why it cannot go on */
} Answer;

/* The engine that runs: what it was told at its start; NULL if none runs. */
static char *description = NULL;
static LineReader reader;

/*
 * Are the settings there, and may this server write?
 */
static bool
archive_is_configured(void)
{
	if (setting_cluster == NULL)
		ereport(WARNING,
				errmsg("\"erpgo_backup\" cannot archive because it was not loaded at the start of the server"),
				errhint("Add it to shared_preload_libraries and restart the server."));
	return setting_cluster != NULL && setting_enabled;
}

/*
 * Appends a member that is a text; NULL becomes null.
 */
static void
put_member(StringInfo json, const char *key, const char *value)
{
	escape_json(json, key);
	appendStringInfoString(json, ": ");
	if (value == NULL)
		appendStringInfoString(json, "null");
	else
		escape_json(json, value);
	appendStringInfoString(json, ", ");
}

/*
 * What an engine is to be told now; allocated.
 */
static char *
describe_job(void)
{
	StringInfoData json;
	char	   *identifier = psprintf(UINT64_FORMAT, GetSystemIdentifier());

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	put_member(&json, "job", "archive");
	put_member(&json, "repository", settings_repository());
	put_member(&json, "cluster", setting_cluster);
	put_member(&json, "secrets_file", settings_secrets_file());
	put_member(&json, "encryption_public_key", settings_encryption_public_key());
	put_member(&json, "encryption_key_command", settings_encryption_key_command());
	put_member(&json, "compression", setting_compression);
	put_member(&json, "encryption", settings_encryption());
	appendStringInfoString(&json, "\"repositories\": ");
	repository_list_to_json(&json);
	appendStringInfoString(&json, ", \"server\": {");
	put_member(&json, "system_identifier", identifier);
	put_member(&json, "data_directory", DataDir);
	appendStringInfo(&json, "\"version\": %d}, \"nice\": %d, \"jobs\": %d}\n",
					 PG_VERSION_NUM, setting_nice, setting_jobs);
	return json.data;
}

/*
 * Ends the engine, if there is one.
 */
static void
end_engine(void)
{
	if (description == NULL)
		return;
	engine_terminate(END_GRACE_MS);
	pfree(reader.buffer.data);
	pfree(description);
	description = NULL;
}

/*
 * Makes sure that an engine runs that knows the settings as they are.
 */
static void
require_engine(void)
{
	static bool is_prepared = false;
	char	   *wanted = describe_job();
	MemoryContext caller;

	if (description != NULL && strcmp(description, wanted) == 0)
		return;
	end_engine();
	if (!is_prepared)
		engine_process_init();
	is_prepared = true;

	caller = MemoryContextSwitchTo(TopMemoryContext);
	line_reader_init(&reader, engine_start(wanted));
	description = pstrdup(wanted);
	MemoryContextSwitchTo(caller);
}

/*
 * Sends the name of a file.  The engine has read everything before, so that
 * there is always room for it.
 */
static void
send_request(const char *file)
{
	char	   *request = psprintf("{\"archive\": \"%s\"}\n", file);

	if (engine_send(request, strlen(request)) != strlen(request))
		elog(ERROR, "could not send a request to the engine");
}

/*
 * Says why a file is not archived.
 */
static void
warn_of_problem(const char *file, const EngineMessage *message)
{
	char	   *reason = message_text(message, "message");
	char	   *detail = message_text(message, "detail");
	char	   *hint = message_text(message, "hint");

	ereport(WARNING,
			errmsg("could not archive file \"%s\": %s", file,
				   reason == NULL ? "engine gave no reason" : reason),
			detail == NULL ? 0 : errdetail_internal("%s", detail),
			hint == NULL ? 0 : errhint("%s", hint));
}

/*
 * Takes one message: what it says of the file.
 */
static Answer
take_message(const char *file, const EngineMessage *message)
{
	char	   *about;

	if (message->kind == MESSAGE_ERROR)
	{
		warn_of_problem(file, message);
		return ANSWER_NO_MORE;
	}
	if (message->kind == MESSAGE_LOG)
		(void) message_report(message);
	if (message->kind != MESSAGE_ROW)
		return ANSWER_NONE;
	about = message_text(message, "file");
	if (about == NULL || strcmp(about, file) != 0)
		return ANSWER_NONE;
	if (message_bool(message, "archived"))
		return ANSWER_ARCHIVED;
	warn_of_problem(file, message);
	return ANSWER_REFUSED;
}

/*
 * Takes what has come, until something is said of the file.
 */
static Answer
take_answer(const char *file)
{
	Answer		answer = ANSWER_NONE;
	char	   *line;

	line_reader_fill(&reader);
	while (answer == ANSWER_NONE && (line = line_reader_next(&reader)) != NULL)
	{
		EngineMessage message = engine_message_parse(line);

		answer = take_message(file, &message);
	}
	return answer;
}

/*
 * Waits for the answer.  An engine that ended, or takes too long, has none;
 * and the archiver does not wait when it is told to end.
 */
static Answer
await_answer(const char *file)
{
	int64		started = passing_ms();
	Answer		answer;

	while ((answer = take_answer(file)) == ANSWER_NONE && !ShutdownRequestPending)
	{
		if (reader.at_end)
			ereport(ERROR,
					errmsg("could not archive file \"%s\": engine ended", file));
		if (has_passed(started, ARCHIVE_LIMIT_MS))
			ereport(ERROR,
					errmsg("could not archive file \"%s\": engine did not answer within %d s",
						   file, ARCHIVE_LIMIT_MS / 1000));
		(void) WaitLatchOrSocket(MyLatch,
								 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH | WL_SOCKET_READABLE,
								 reader.socket, WAIT_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	return answer;
}

/*
 * Asks the engine for a file; throws an error where there is no answer.
 */
static bool
ask_engine(const char *file)
{
	Answer		answer;

	require_engine();
	send_request(file);
	answer = await_answer(file);

	/* One whose answer nobody waited for must not give it later. */
	if (answer == ANSWER_NO_MORE || answer == ANSWER_NONE)
		end_engine();
	return answer == ANSWER_ARCHIVED;
}

/*
 * Archives a file.  An error here would restart the archiver in PostgreSQL 15,
 * so it becomes a warning, and the next try has a new engine.
 */
static bool
archive_file(const char *file, const char *path)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "erpgo_backup archive",
												  ALLOCSET_DEFAULT_SIZES);
	volatile bool archived = false;

	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		archived = ask_engine(file);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		ereport(WARNING,
				errmsg_internal("%s", error->message),
				error->hint == NULL ? 0 : errhint("%s", error->hint));
		end_engine();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);

	/*
	 * Waiting has reset the latch, by which the archiver is told of its end
	 * as well: without this it would sleep for a minute.
	 */
	SetLatch(MyLatch);
	return archived;
}

/*
 * Leaves no engine behind.
 */
static void
archive_end(void)
{
	end_engine();
}

ARCHIVE_MODULE(archive_is_configured, archive_file, archive_end)

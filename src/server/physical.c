/*
 * The server's part of a physical backup.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "access/xlog_internal.h"
#include "catalog/pg_control.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/lwlock.h"
#include "utils/json.h"

#include "common/physical_query.h"
#include "engine_process.h"
#include "engine_run.h"
#include "physical.h"
#include "settings.h"
#include "statement.h"

/* A request of the engine, and the answer: a line. */
typedef struct PhysicalRequest
{
	const JobRequest *job;
	const char *name;
	char	   *answer;
} PhysicalRequest;

/*
 * The name of the replication slot of a backup; allocated.
 */
static char *
slot_name(const JobRequest *job)
{
	char	   *name = palloc(BACKUP_SLOT_SIZE);

	backup_id_slot(job->id, name);
	return name;
}

/*
 * Keeps the WAL from now on, by a replication slot that ends with this
 * session.  Where no slot is free, the server may remove WAL before it was
 * stored; then the backup fails.
 */
static void
reserve_wal(const JobRequest *job)
{
	const char *args[] = {slot_name(job)};

	(void) statement_run(PHYSICAL_HAS_SLOT, 0, NULL);
	if (SPI_processed == 0)
		ereport(WARNING,
				errmsg("no replication slot is free to keep the WAL for %s", job_title(job)),
				errhint("The backup fails if WAL is removed before it was stored. Increase max_replication_slots."));
	else
		(void) statement_run(PHYSICAL_RESERVE_WAL, lengthof(args), args);
}

/*
 * Lets the server remove the WAL, for the engine has stored it.
 */
static void
release_wal(const JobRequest *job)
{
	const char *args[] = {slot_name(job)};

	(void) statement_run(PHYSICAL_RELEASE_WAL, lengthof(args), args);
}

/*
 * Appends the members that are texts in the columns of the last result's row.
 */
static void
append_columns(StringInfo json, const char *const *keys, int count)
{
	for (int i = 0; i < count; i++)
	{
		char	   *value = statement_text(0, i + 1);

		appendStringInfo(json, "%s\"%s\": ", i == 0 ? "" : ", ", keys[i]);
		escape_json(json, value == NULL ? "" : value);
	}
}

/*
 * Appends the configuration files, as a member.
 */
static void
append_config_files(StringInfo json)
{
	uint64		count = statement_run(PHYSICAL_CONFIG_FILES, 0, NULL);

	appendStringInfoString(json, ", \"config_files\": [");
	for (uint64 i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		escape_json(json, statement_text((int) i, 1));
	}
	appendStringInfoChar(json, ']');
}

/*
 * Appends the tablespaces, as a member.
 */
static void
append_tablespaces(StringInfo json)
{
	uint64		count = statement_run(PHYSICAL_TABLESPACES, 0, NULL);

	appendStringInfoString(json, ", \"tablespaces\": [");
	for (uint64 i = 0; i < count; i++)
	{
		appendStringInfo(json, "%s{\"oid\": %s, \"location\": ", i > 0 ? ", " : "",
						 statement_text((int) i, 1));
		escape_json(json, statement_text((int) i, 2));
		appendStringInfoChar(json, '}');
	}
	appendStringInfoChar(json, ']');
}

/*
 * Begins the backup.
 */
static void
start_backup(const JobRequest *job, StringInfo json)
{
	static const char *const keys[] = {"start_lsn", "config_directory"};
	const char *args[] = {
		job->label[0] != '\0' ? job->label : job->id,
		setting_fast_checkpoint ? "true" : "false"
	};

	reserve_wal(job);
	(void) statement_run(PHYSICAL_START, lengthof(args), args);
	append_columns(json, keys, lengthof(keys));
	appendStringInfo(json, ", \"checksums\": %s",
					 strcmp(statement_text(0, 3), "on") == 0 ? "true" : "false");
	appendStringInfo(json, ", \"block_size\": %d, \"wal_segment_size\": %d",
					 BLCKSZ, wal_segment_size);
	append_tablespaces(json);
	append_config_files(json);
}

/*
 * Appends the content of pg_control as a member, in hexadecimal.  The lock
 * keeps it from being torn.
 */
static void
append_control(StringInfo json)
{
	char		control[PG_CONTROL_FILE_SIZE];
	int			fd = OpenTransientFile(XLOG_CONTROL_FILE, O_RDONLY | PG_BINARY);
	ssize_t		len;

	if (fd < 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not open file \"%s\": %m", XLOG_CONTROL_FILE));
	LWLockAcquire(ControlFileLock, LW_SHARED);
	len = read(fd, control, sizeof(control));
	LWLockRelease(ControlFileLock);
	if (len != sizeof(control))
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not read file \"%s\": %m", XLOG_CONTROL_FILE));
	CloseTransientFile(fd);
	appendStringInfoString(json, ", \"control\": \"");
	for (int i = 0; i < len; i++)
		appendStringInfo(json, "%02x", (unsigned char) control[i]);
	appendStringInfoChar(json, '"');
}

/*
 * Ends the backup.
 */
static void
stop_backup(StringInfo json)
{
	static const char *const keys[] = {"stop_lsn", "label", "tablespace_map"};
	StringInfoData control;

	initStringInfo(&control);
	append_control(&control);
	(void) statement_run(PHYSICAL_STOP, 0, NULL);
	append_columns(json, keys, lengthof(keys));
	appendStringInfoString(json, control.data);
}

/*
 * Does what the engine asks for, in a transaction, and makes the answer.
 */
static void
answer_request(void *subject)
{
	PhysicalRequest *request = subject;
	const char *name = request->name != NULL ? request->name : "";
	MemoryContext caller = transaction_begin();
	StringInfoData json;
	char	   *line;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	if (strcmp(name, "start") == 0)
		start_backup(request->job, &json);
	else if (strcmp(name, "stop") == 0)
		stop_backup(&json);
	else if (strcmp(name, "release") == 0)
		release_wal(request->job);
	else
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine asked for something that is not known"));
	appendStringInfoString(&json, "}\n");
	line = pg_server_to_any(json.data, json.len, PG_UTF8);
	request->answer = MemoryContextStrdup(caller, line);
	transaction_end(caller);
}

void
physical_take_request(const JobRequest *job, const EngineMessage *message)
{
	PhysicalRequest request = {.job = job, .name = message_text(message, "name")};
	ErrorData  *error;

	/* The checkpoint at the beginning may take many minutes. */
	engine_run_yield(true);
	error = transaction_attempt(answer_request, &request);
	engine_run_yield(false);
	if (error == NULL)
	{
		engine_send_line(request.answer);
		pfree(request.answer);
	}
	else if (error->sqlerrcode != ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	/* If nobody wants the answer any more, engine_run says why. */
}

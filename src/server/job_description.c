/*
 * The description of a job that the engine is given.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "alert_job.h"
#include "engine_process.h"
#include "job_description.h"
#include "key_settings.h"
#include "listener_settings.h"
#include "listener_snapshot.h"
#include "metrics_file.h"
#include "repository_settings.h"
#include "repository_state.h"
#include "settings.h"
#include "statement.h"
#include "verification.h"
#include "tail_job.h"

/* What the engine should have ended by itself is ended this much later. */
#define BACKSTOP_S 60
/* Jobs other than backups and verifications are small. */
#define SMALL_JOB_LIMIT_S (60 * 60)
/* The engine itself takes less than a minute. */
#define NOTIFY_LIMIT_S 90
/* A file system that takes longer hangs. */
#define MEASURE_LIMIT_S 60
/* A piece is a segment at most. */
#define TAIL_LIMIT_S (5 * 60)

/*
 * Appends a key and its colon.
 */
static void
put_key(StringInfo json, const char *key)
{
	if (json->data[json->len - 1] != '{')
		appendStringInfoString(json, ", ");
	escape_json(json, key);
	appendStringInfoString(json, ": ");
}

/*
 * Appends a text member; NULL and "" become null.
 */
static void
put_text(StringInfo json, const char *key, const char *value)
{
	put_key(json, key);
	if (value == NULL || value[0] == '\0')
		appendStringInfoString(json, "null");
	else
		escape_json(json, value);
}

/*
 * Appends what an event says.  An annotation has a value even if that is
 * empty.
 */
static void
put_event(StringInfo json, const JobRequest *request)
{
	put_text(json, "kind", request->event_kind);
	put_text(json, "key", request->event_key);
	if (request->event_key[0] == '\0')
	{
		put_text(json, "value", request->event_value);
		return;
	}
	put_key(json, "value");
	escape_json(json, request->event_value);
}

/*
 * Appends a member that is a number.
 */
static void
put_number(StringInfo json, const char *key, int value)
{
	put_key(json, key);
	appendStringInfo(json, "%d", value);
}

/*
 * The first folder with a Unix socket of this server; NULL if there is none.
 */
static char *
socket_directory(void)
{
	char	   *list = pstrdup(Unix_socket_directories);
	char	   *first = strtok(list, ", ");

	if (first != NULL && first[0] == '"')
		first = strtok(first + 1, "\"");
	return first;
}

/*
 * Appends where and what this server is.
 */
static void
put_server(StringInfo json)
{
	char	   *identifier = psprintf(UINT64_FORMAT, GetSystemIdentifier());

	put_key(json, "server");
	appendStringInfoChar(json, '{');
	put_text(json, "system_identifier", identifier);
	put_number(json, "version",
			   atoi(GetConfigOption("server_version_num", false, false)));
	put_text(json, "bindir", server_bindir());
	put_text(json, "data_directory", DataDir);
	put_text(json, "socket_directory", socket_directory());
	put_number(json, "port", PostPortNumber);
	put_text(json, "user", GetUserNameFromId(GetUserId(), false));
	put_text(json, "connection", setting_connection);
	appendStringInfoChar(json, '}');
}

/*
 * Begins a description with what every job needs, in a transaction: names are
 * looked up and converted.  It is about the first repository unless there is a
 * target.
 */
static void
begin_description(StringInfo json, const char *job, const char *id,
				  const char *target)
{
	StartTransactionCommand();
	initStringInfo(json);
	appendStringInfoChar(json, '{');
	put_text(json, "job", job);
	put_text(json, "id", id);
	put_text(json, "repository",
			 target != NULL ? target : settings_repository());
	put_text(json, "cluster", setting_cluster);
	put_text(json, "secrets_file", settings_secrets_file());
	put_text(json, "encryption_public_key", settings_encryption_public_key());
	put_text(json, "encryption_key_command", settings_encryption_key_command());
	put_server(json);
	put_number(json, "nice", setting_nice);
	put_number(json, "jobs", setting_jobs);
}

/*
 * Ends a description and the transaction: a line in UTF-8, allocated in the
 * memory context given.
 */
static char *
end_description(StringInfo json, MemoryContext context)
{
	char	   *line;

	appendStringInfoString(json, "}\n");
	line = pg_server_to_any(json->data, json->len, PG_UTF8);
	line = MemoryContextStrdup(context, line);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return line;
}

char *
names_to_json(const char *names, int count)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(&json, ", ");
		escape_json(&json, names);
		names += strlen(names) + 1;
	}
	appendStringInfoChar(&json, ']');
	return json.data;
}

/*
 * How long a backup may take, in seconds; 0 is without limit.
 */
static int
maximum_duration(const JobRequest *request)
{
	return request->has_maximum_duration ? request->maximum_duration :
		setting_maximum_duration;
}

/*
 * Appends what a backup needs to know.
 */
static void
put_backup(StringInfo json, const JobRequest *request)
{
	put_text(json, "type", backup_type_name(request->type));
	put_key(json, "databases");
	appendStringInfoString(json, request->database_count == 0 ? "null" :
						   names_to_json(request->databases,
										 request->database_count));
	put_text(json, "compression", setting_compression);
	put_text(json, "encryption", settings_encryption());
	put_number(json, "lock_wait_timeout_ms", setting_lock_wait_timeout);
	put_number(json, "maximum_duration_s", maximum_duration(request));
	put_text(json, "depth", settings_verify_depth());
	put_text(json, "label", request->label);
	put_text(json, "schedule", request->schedule);
	put_number(json, "minimum_free_percent", setting_minimum_free_space);
	put_text(json, "on_bad_page", settings_on_bad_page());
	put_number(json, "max_rate_kb", setting_max_rate);
	put_key(json, "expected_bytes");
	appendStringInfo(json, INT64_FORMAT,
					 repository_expected_bytes(request));
}

/*
 * Appends a member that is true or false.
 */
static void
put_flag(StringInfo json, const char *key, bool value)
{
	put_key(json, key);
	appendStringInfoString(json, value ? "true" : "false");
}

/*
 * Appends what a clean-up needs to know.
 */
static void
put_retention(StringInfo json, const JobRequest *request)
{
	put_flag(json, "dry_run", request->dry_run);
	put_flag(json, "confirm", request->confirm);
	put_key(json, "retention");
	appendStringInfoChar(json, '{');
	put_number(json, "daily_days", setting_retention_daily_days);
	put_number(json, "weekly_weeks", setting_retention_weekly_weeks);
	put_number(json, "monthly_months", setting_retention_monthly_months);
	put_number(json, "minimum", setting_retention_minimum);
	put_number(json, "recovery_window_s", setting_recovery_window);
	put_text(json, "timezone", settings_retention_timezone());
	appendStringInfoChar(json, '}');
}

/*
 * Appends what is to be sent, and how long it may take.
 */
static void
put_notification(StringInfo json, const JobRequest *request)
{
	bool		is_test = !job_is_delivery(request);
	bool		heartbeat = true;

	put_flag(json, "test", is_test);
	if (!is_test)
	{
		put_key(json, "alerts");
		appendStringInfoString(json, alert_job_batch(&heartbeat));
	}
	put_flag(json, "heartbeat", heartbeat);
	put_number(json, "timeout_ms", setting_notify_timeout);
}

/*
 * Appends all repositories that there are.
 */
static void
put_repositories(StringInfo json)
{
	put_key(json, "repositories");
	repository_list_to_json(json);
}

/*
 * Appends what is to be archived of the unfinished segment.
 */
static void
put_tail(StringInfo json)
{
	const WalTailPoint *point = tail_job_begin();

	put_text(json, "flush_lsn", psprintf("%X/%X", LSN_FORMAT_ARGS(point->lsn)));
	put_number(json, "timeline", (int) point->timeline);
	put_number(json, "wal_segment_size", wal_segment_size);
	put_text(json, "compression", setting_compression);
	put_text(json, "encryption", settings_encryption());
	put_flag(json, "archiver_fails", tail_job_archiver_fails());
	put_repositories(json);
}

char *
job_description(const JobRequest *request)
{
	MemoryContext caller = CurrentMemoryContext;
	StringInfoData json;

	begin_description(&json, job_kind_name(request->kind), request->id,
					  text_or_null(request->target));
	put_flag(&json, "copy", request->target[0] != '\0');
	switch (request->kind)
	{
		case JOB_BACKUP:
			put_backup(&json, request);
			break;
		case JOB_VERIFY:
			put_text(&json, "depth", verify_depth_name(request->depth));
			break;
		case JOB_EVENT:
			put_event(&json, request);
			break;
		case JOB_EXPIRE:
			put_retention(&json, request);
			break;
		case JOB_METRICS:
			put_text(&json, "path", setting_metrics_file);
			put_text(&json, "text", metrics_file_text());
			break;
		case JOB_NOTIFY:
			put_notification(&json, request);
			break;
		case JOB_TAIL:
			put_tail(&json);
			break;
		case JOB_COPY:
		case JOB_COPY_WAL:
			put_text(&json, "source", settings_repository());
			put_flag(&json, "mend", request->mend);
			break;
		case JOB_MEASURE:
			put_repositories(&json);
			break;
		case JOB_SYNC:
		case JOB_ADOPT:
		case JOB_CHECK:
		case JOB_RECOVER:
		case JOB_WINDOW:
			break;
	}
	return end_description(&json, caller);
}

int
job_time_limit(const JobRequest *request)
{
	switch (request->kind)
	{
		case JOB_BACKUP:
			return maximum_duration(request) == 0 ? 0 :
				maximum_duration(request) + BACKSTOP_S;
		case JOB_VERIFY:
			return verification_time_limit(request);
		case JOB_NOTIFY:
			return NOTIFY_LIMIT_S;
		case JOB_METRICS:
			return METRICS_FILE_LIMIT_S;
		case JOB_MEASURE:
			return MEASURE_LIMIT_S;
		case JOB_TAIL:
			return TAIL_LIMIT_S;
		case JOB_COPY:
			/* A slow line is no error; an alert tells that it takes long. */
			return 0;
		case JOB_SYNC:
		case JOB_ADOPT:
		case JOB_EVENT:
		case JOB_CHECK:
		case JOB_WINDOW:
		case JOB_RECOVER:
		case JOB_EXPIRE:
		case JOB_COPY_WAL:
			break;
	}
	return SMALL_JOB_LIMIT_S;
}

char *
discard_description(const char *id)
{
	MemoryContext caller = CurrentMemoryContext;
	StringInfoData json;

	begin_description(&json, "discard", id, NULL);
	return end_description(&json, caller);
}

char *
listen_description(void)
{
	MemoryContext caller = CurrentMemoryContext;
	StringInfoData json;

	begin_description(&json, "listen", NULL, NULL);
	put_text(&json, "address", setting_metrics_listen);
	put_text(&json, "tls_certificate", setting_metrics_tls_certificate);
	put_text(&json, "tls_key", setting_metrics_tls_key);
	put_number(&json, "maximum_age_s", SNAPSHOT_MAXIMUM_AGE_S);
	return end_description(&json, caller);
}

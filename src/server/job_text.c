/*
 * What jobs are called, and the texts that they leave.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "job_slot.h"

void
clip_text(char *buffer, size_t size, const char *value)
{
	int			len = 0;

	if (value != NULL)
	{
		len = pg_mbcliplen(value, strlen(value), size - 1);
		memcpy(buffer, value, len);
	}
	buffer[len] = '\0';
}

const char *
job_kind_name(JobKind kind)
{
	static const char *const names[] = {
		[JOB_BACKUP] = "backup",
		[JOB_VERIFY] = "verify",
		[JOB_SYNC] = "sync",
		[JOB_EVENT] = "event",
		[JOB_CHECK] = "check",
		[JOB_NOTIFY] = "notify",
		[JOB_RECOVER] = "recover",
	};

	return names[kind];
}

bool
job_answers_in_rows(JobKind kind)
{
	return kind == JOB_CHECK || kind == JOB_NOTIFY;
}

char *
job_title(const JobRequest *request)
{
	static const char *const titles[] = {
		[JOB_BACKUP] = "backup",
		[JOB_VERIFY] = "verification of backup",
		[JOB_SYNC] = "synchronization with the repository",
		[JOB_EVENT] = "change of backup",
		[JOB_CHECK] = "check of the repository",
		[JOB_NOTIFY] = "sending of alerts",
		[JOB_RECOVER] = "clean-up of the repository",
	};

	if (request->id[0] == '\0')
		return pstrdup(titles[request->kind]);
	return psprintf("%s \"%s\"", titles[request->kind], request->id);
}

void
job_outcome_error(JobOutcome *outcome, int sqlstate, const char *message,
				  const char *detail, const char *hint)
{
	outcome->sqlstate = sqlstate;
	clip_text(outcome->message, sizeof(outcome->message), message);
	clip_text(outcome->detail, sizeof(outcome->detail), detail);
	clip_text(outcome->hint, sizeof(outcome->hint), hint);
}

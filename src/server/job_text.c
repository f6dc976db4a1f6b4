/*
 * The texts that jobs leave.
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

bool
job_answers_in_rows(const JobRequest *request)
{
	return request->kind == JOB_CHECK || request->kind == JOB_WINDOW ||
		(request->kind == JOB_NOTIFY && !job_is_delivery(request));
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

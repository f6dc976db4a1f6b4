/*
 * Backups that the repository has lost.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/json.h"

#include "history.h"
#include "missing.h"

void
missing_report(JobSlot *slot, TimestampTz since)
{
	int			count;
	char	  **ids = history_missing(since, &count);

	for (int i = 0; i < count; i++)
	{
		char	   *warning = psprintf("backup \"%s\" is missing from the repository",
									   ids[i]);
		StringInfoData line;

		ereport(WARNING, errmsg_internal("%s", warning));
		initStringInfo(&line);
		appendStringInfoString(&line, "{\"message\": ");
		escape_json(&line, warning);
		appendStringInfoChar(&line, '}');
		job_add_line(slot, line.data);
	}
}

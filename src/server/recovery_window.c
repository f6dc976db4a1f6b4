/*
 * erpgo_backup.recovery_windows: from when to when the cluster can be brought
 * back to any moment, as the engine finds it in the repository.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "engine_protocol.h"
#include "session.h"

PG_FUNCTION_INFO_V1(erpgo_backup_recovery_windows);

/* The columns of the result: the members of a row, all of them texts. */
static const char *const columns[] = {
	"timeline", "begins_at", "ends_at", "begin_lsn", "end_lsn", "backups",
	"begins_with", "missing"
};

/*
 * Adds a row.
 */
static void
put_window(ReturnSetInfo *result, char *line)
{
	EngineMessage row = engine_message_read_body(line);
	Datum		values[lengthof(columns)] = {0};
	bool		nulls[lengthof(columns)];

	for (int i = 0; i < lengthof(columns); i++)
	{
		char	   *value = message_text(&row, columns[i]);

		nulls[i] = value == NULL;
		if (value != NULL)
			values[i] = CStringGetTextDatum(value);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
erpgo_backup_recovery_windows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	JobOutcome	outcome;
	JobSlot    *slot;
	char	   *payload;
	char	   *line;

	InitMaterializedSRF(fcinfo, 0);
	session_require_jobs(false);
	slot = job_request(session_request(JOB_WINDOW), 0, true);
	session_await(slot, true, &outcome, &payload);
	session_throw(&outcome);
	while ((line = strsep(&payload, "\n")) != NULL)
	{
		if (line[0] != '\0')
			put_window(result, line);
	}
	PG_RETURN_VOID();
}

/*
 * The table of the audit, to which rows can only be added.
 *
 * Only what runs in audit_forget_if_due gets past the trigger that sees to
 * that: no statement of a session does.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "audit_table.h"
#include "schedule_table.h"
#include "settings.h"
#include "statement.h"

PG_FUNCTION_INFO_V1(erpgo_backup_refuse_change);
PG_FUNCTION_INFO_V1(erpgo_backup_log_audit);

/* Is it this process, forgetting? */
static bool forgetting = false;

/*
 * A trigger that lets nobody change what was recorded.
 */
Datum
erpgo_backup_refuse_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "not called by trigger manager");
	if (!forgetting || !TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("cannot change \"%s\": rows can only be added",
					   RelationGetRelationName(trigger->tg_relation)));
	PG_RETURN_POINTER(NULL);
}

/*
 * Escapes what a terminal might take for commands and JSON lets pass: DEL, and
 * the control characters beyond ASCII.  All of JSON's own syntax is ASCII.
 */
static char *
escape_controls(const char *json)
{
	int			encoding = GetDatabaseEncoding();
	bool		is_utf8 = encoding == PG_UTF8 || encoding == PG_SQL_ASCII;
	StringInfoData safe;

	initStringInfo(&safe);
	for (const unsigned char *at = (const unsigned char *) json; *at != '\0'; at++)
	{
		if (*at == 0x7f)
			appendStringInfoString(&safe, "\\u007f");
		else if (is_utf8 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
			appendStringInfo(&safe, "\\u%04x", *++at);
		else
			appendStringInfoChar(&safe, *at);
	}
	return safe.data;
}

/*
 * A trigger that writes an entry to the server's log, as a line of JSON.
 */
Datum
erpgo_backup_log_audit(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Datum		entry;
	Datum		json;

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "not called by trigger manager");
	if (!setting_audit_log)
		PG_RETURN_POINTER(NULL);
	entry = heap_copy_tuple_as_datum(trigger->tg_trigtuple,
									 RelationGetDescr(trigger->tg_relation));
	json = DirectFunctionCall1(row_to_json, entry);
	ereport(LOG_SERVER_ONLY,
			errmsg_internal("erpgo_backup audit: %s",
							escape_controls(TextDatumGetCString(json))),
			errhidestmt(true), errhidecontext(true));
	PG_RETURN_POINTER(NULL);
}

/*
 * Removes what is too old.
 */
static void
forget(void *unused)
{
	const char *days = psprintf("%d", setting_audit_retention);

	if (!schedule_begin())
		return;
	(void) statement_run("SELECT erpgo_backup.forget($1)", 1, &days);
	schedule_commit();
}

void
audit_forget_if_due(void)
{
	static TimestampTz done_at = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (setting_audit_retention == 0 ||
		(done_at <= now && now - done_at < USECS_PER_DAY))
		return;
	done_at = now;
	forgetting = true;
	(void) transaction_try(forget, NULL,
						   "erpgo_backup could not remove old entries of the audit");
	forgetting = false;
}

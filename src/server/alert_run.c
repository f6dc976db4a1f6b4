/*
 * Alerts, as a part of the scheduler.
 *
 * What should fire is a view, and the difference to what does a statement;
 * here is when that is looked at, and who is told.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "alert_run.h"
#include "engine_protocol.h"
#include "job_slot.h"
#include "metrics_file.h"
#include "schedule_table.h"
#include "settings.h"
#include "statement.h"

/* After an error. */
#define RETRY_MS (60 * 1000)

/* What a look at the tables has shown. */
typedef struct Agenda
{
	char	  **changes;		/* of alerts, as JSON; allocated */
	int			change_count;
	bool		is_claimed;		/* there is something to deliver */
	int64		next_ms;		/* until time alone changes something */
} Agenda;

/* When to look again, and when a look at the repository was asked for. */
static TimestampTz next_look = 0;
static TimestampTz measure_asked_at = 0;

void
alerts_want(void)
{
	job_mark_set(&job_table->alerts_wanted);
}

/*
 * A number in a row of the last result; otherwise if that is null.
 */
static int64
read_number(int column, int64 otherwise)
{
	char	   *value = statement_text(0, column);

	return value == NULL ? otherwise : strtoll(value, NULL, 10);
}

/*
 * Brings the alerts up to date.  The changes are allocated in a memory context
 * that outlives the transaction.
 */
static void
evaluate(Agenda *agenda, MemoryContext outside)
{
	agenda->change_count = (int)
		statement_run("SELECT erpgo_backup.alerts_evaluate()", 0, NULL);
	agenda->changes = MemoryContextAlloc(outside, (agenda->change_count + 1) * sizeof(char *));
	for (int i = 0; i < agenda->change_count; i++)
		agenda->changes[i] = MemoryContextStrdup(outside, statement_text(i, 1));
	statement_run("SELECT erpgo_backup.heartbeat_queue(), erpgo_backup.alerts_forget()",
				  0, NULL);
}

/*
 * Notes what comes next.  While something is being delivered, the end of that
 * tells when there is more.
 */
static void
read_agenda(Agenda *agenda, bool is_delivering)
{
	statement_run("SELECT next_ms, delivery_ms FROM erpgo_backup.alert_agenda",
				  0, NULL);
	agenda->next_ms = read_number(1, PG_INT64_MAX);
	if (!is_delivering)
		agenda->next_ms = Min(agenda->next_ms, read_number(2, PG_INT64_MAX));
}

/*
 * Looks at the tables, in one transaction.
 */
static void
look(void *subject)
{
	Agenda	   *agenda = subject;
	MemoryContext outside = CurrentMemoryContext;
	bool		is_delivering = job_kind_active(JOB_NOTIFY);

	agenda->next_ms = PG_INT64_MAX;
	if (!schedule_begin())
		return;
	evaluate(agenda, outside);
	if (!is_delivering)
	{
		statement_run("SELECT erpgo_backup.deliveries_claim()", 0, NULL);
		agenda->is_claimed = read_number(1, 0) > 0;
	}
	read_agenda(agenda, is_delivering || agenda->is_claimed);
	schedule_commit();
}

/*
 * What the log says of a change.
 */
static const char *
change_words(const char *change)
{
	if (strcmp(change, "resolved") == 0)
		return "is resolved";
	if (strcmp(change, "repeated") == 0)
		return "is still firing";
	if (strcmp(change, "escalated") == 0)
		return "is firing as critical";
	return "is firing";
}

/*
 * Tells the server's log of a change.
 */
static void
report_change(const char *json)
{
	EngineMessage alert = engine_message_read_body(json);
	const char *change = message_text(&alert, "change");
	bool		is_calm = strcmp(change, "resolved") == 0 ||
		strcmp(message_text(&alert, "severity"), "info") == 0;

	ereport(is_calm ? LOG : WARNING,
			errmsg("alert \"%s\" %s: %s", message_text(&alert, "kind"),
				   change_words(change), message_text(&alert, "title")),
			errdetail_internal("%s", message_text(&alert, "text")));
}

/*
 * Tells of all that changed, and has delivered what is to be.
 */
static void
spread(const Agenda *agenda)
{
	JobRequest	request = {.kind = JOB_NOTIFY};

	for (int i = 0; i < agenda->change_count; i++)
		report_change(agenda->changes[i]);
	if (agenda->change_count > 0)
		metrics_file_want();
	if (agenda->is_claimed)
		(void) job_request(&request, 0, false);
}

/*
 * Has the room in the repository measured, and the repositories told that their
 * owner is alive, if that was not tried for the health interval.  Other jobs
 * that measure do not tell.  Returns in how many milliseconds to do it again.
 */
static int64
measure_if_due(TimestampTz now)
{
	JobRequest	request = {.kind = JOB_MEASURE};
	int64		interval = setting_health_interval * INT64CONST(1000);
	int64		asked_ms_ago = (now - measure_asked_at) / 1000;

	/* A time in the future says nothing: the clock was set back. */
	if (asked_ms_ago >= 0 && asked_ms_ago < interval)
		return interval - asked_ms_ago;
	measure_asked_at = now;
	if (job_has_room() && !job_kind_active(JOB_MEASURE))
		(void) job_request(&request, 0, false);
	return interval;
}

/*
 * Does what there is to do.  Returns in how many milliseconds there is more.
 */
static int64
look_and_act(TimestampTz now)
{
	Agenda		agenda = {0};
	int64		measure_ms;

	if (!transaction_try(look, &agenda, "erpgo_backup could not evaluate alerts"))
		return RETRY_MS;
	spread(&agenda);
	measure_ms = measure_if_due(now);
	return Min(agenda.next_ms, measure_ms);
}

long
alerts_run(void)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		limit = setting_health_interval * INT64CONST(1000);
	int64		left = (next_look - now) / 1000;

	if (!setting_enabled)
		return 0;
	/* The repository is no business of a server that has just started. */
	if (measure_asked_at == 0)
		measure_asked_at = now;
	if (job_mark_take(&job_table->alerts_wanted) || left <= 0 || left > limit)
	{
		left = look_and_act(now);
		left = Max(Min(left, limit), 1);
		next_look = now + left * 1000;
	}
	return (long) left;
}

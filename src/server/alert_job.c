/*
 * What a job worker does about alerts.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "alert_job.h"
#include "cleanup_job.h"
#include "schedule_table.h"
#include "statement.h"

/* What became of deliveries, as delivery_end takes it. */
typedef struct DeliveryEnd
{
	const char *notice;			/* NULL: any that is being sent */
	const char *channel;		/* NULL: all */
	const char *outcome;
	bool		transient;
	const char *problem;
	const char *hint;			/* or NULL */
} DeliveryEnd;

/* What health_note takes. */
typedef struct Health
{
	const char *subject;
	const char *problem;		/* NULL: all is well */
} Health;

char *
alert_job_batch(bool *heartbeat)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *alerts;

	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	statement_read("SELECT alerts, heartbeat FROM erpgo_backup.delivery_batch",
				   0, NULL);
	alerts = MemoryContextStrdup(caller, statement_text(0, 1));
	*heartbeat = strcmp(statement_text(0, 2), "true") == 0;
	PopActiveSnapshot();
	SPI_finish();
	return alerts;
}

/*
 * Tells the log of a delivery that failed for the first time or for good, a
 * row of the result of delivery_end.
 */
static void
report_failure(const DeliveryEnd *end, int row)
{
	const char *title = statement_text(row, 1);
	bool		is_over = strcmp(statement_text(row, 2), "failed") == 0;
	int			attempts = atoi(statement_text(row, 3));

	if (is_over || attempts == 1)
		ereport(WARNING,
				errmsg("alert \"%s\" was not delivered: %s", title, end->problem),
				is_over ? errdetail("It is not tried again.") :
				errdetail("It is tried again for a day."),
				end->hint != NULL ? errhint("%s", end->hint) : 0);
}

/*
 * Notes what became of deliveries, in a transaction.
 */
static void
end_deliveries(void *subject)
{
	const DeliveryEnd *end = subject;
	const char *args[] = {
		end->notice,
		end->channel,
		end->outcome,
		end->transient ? "true" : "false",
		end->problem,
	};
	int			count;

	if (!schedule_begin())
		return;
	count = (int) statement_run("SELECT title, status, attempts"
								" FROM erpgo_backup.delivery_end($1, $2, $3, $4, $5)"
								" WHERE status IN ('queued', 'failed')",
								lengthof(args), args);
	for (int i = 0; i < count; i++)
		report_failure(end, i);
	schedule_commit();
}

void
alert_job_take_row(const EngineMessage *message)
{
	DeliveryEnd end = {
		.notice = message_text(message, "alert"),
		.channel = message_text(message, "channel"),
		.outcome = message_text(message, "status"),
		.transient = message_bool(message, "transient"),
		.problem = message_text(message, "message"),
		.hint = message_text(message, "hint"),
	};

	if (end.channel == NULL || end.outcome == NULL || end.problem == NULL)
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine did not say what became of an alert"));
	end_deliveries(&end);
}

/*
 * Notes the end of a job that delivered alerts.  What the engine said nothing
 * of is for channels that are not configured, unless it did not do its work.
 */
static void
end_delivery_job(const JobEnd *end)
{
	bool		failed = strcmp(end->status, JOB_END_FAILED) == 0;
	DeliveryEnd rest = {
		.outcome = failed ? "failed" : "unconfigured",
		.transient = failed,
		.problem = end->outcome->message,
		.hint = end->outcome->hint[0] == '\0' ? NULL : end->outcome->hint,
	};

	(void) transaction_try(end_deliveries, &rest, "erpgo_backup could not note what became of alerts");
}

/*
 * Notes how something went, in a transaction.
 */
static void
note_health(void *subject)
{
	const Health *health = subject;
	const char *args[] = {health->subject, health->problem};

	if (!schedule_begin())
		return;
	statement_run("SELECT erpgo_backup.health_note($1, $2)", lengthof(args), args);
	schedule_commit();
}

/*
 * Notes how the clean-up of a further repository went, in a transaction.
 */
static void
note_target(void *subject)
{
	const Health *health = subject;
	const char *args[] = {health->subject, health->problem};

	if (!schedule_begin())
		return;
	statement_run("SELECT erpgo_backup.copy_target_cleaned($1, $2)", lengthof(args), args);
	schedule_commit();
}

/*
 * Why old backups are still there; NULL if all is well.
 */
static const char *
cleanup_problem(const JobEnd *end)
{
	int			count = cleanup_confirmations();

	if (strcmp(end->status, JOB_END_FAILED) == 0)
		return end->outcome->message;
	if (count == 0)
		return NULL;
	return psprintf("%d are not deleted before that is confirmed with erpgo_backup_cleanup(confirm => true), as more than half of a kind would go",
					count);
}

void
alert_job_end(const JobRequest *request, const JobEnd *end)
{
	bool		failed = strcmp(end->status, JOB_END_FAILED) == 0;
	bool		is_further = request->target[0] != '\0';
	Health		health = {0};

	/* What was stopped from outside says nothing. */
	if (!failed && strcmp(end->status, JOB_END_OK) != 0)
		return;
	if (job_is_delivery(request))
		end_delivery_job(end);
	else if (job_is_cleanup(request))
	{
		health.subject = is_further ? request->target : "clean-up";
		health.problem = cleanup_problem(end);
	}
	else if (request->kind == JOB_MEASURE && !is_further)
	{
		health.subject = "repository";
		health.problem = failed ? end->outcome->message : NULL;
	}
	if (health.subject != NULL)
		(void) transaction_try(is_further ? note_target : note_health, &health, "erpgo_backup could not note how a job ended");
}

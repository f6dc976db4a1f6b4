/*
 * What SQL functions share: asking for a job and waiting for it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "libpq/libpq-be.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/wait_event.h"

#include "engine_protocol.h"
#include "history.h"
#include "session.h"
#include "settings.h"
#include "time_passed.h"

/*
 * More than the scheduler needs to come back, or to notice that a
 * standby was promoted.
 */
#define SCHEDULER_WAIT_MS 15000
#define LOOK_MS 100
#define WAIT_MS 1000
/* After a cancellation, until control returns without its end being seen. */
#define CANCEL_WAIT_MS 12000

/* The job that this session waits for, if any. */
static JobSlot *awaited = NULL;
static bool cancels_awaited = false;

/*
 * Is the scheduler there?  missing_database says why it may never be.
 */
static bool
scheduler_is_ready(bool *missing_database)
{
	bool		ready;

	LWLockAcquire(job_table->lock, LW_SHARED);
	ready = job_table->scheduler_pid != 0;
	*missing_database = job_table->scheduler_connecting;
	LWLockRelease(job_table->lock);
	return ready;
}

/*
 * Waits for the scheduler, which comes a moment after the server does.  One
 * that waits for this database to be created is told that it is there.
 */
static void
require_scheduler(void)
{
	int64		start = passing_ms();
	bool		missing_database;

	while (!scheduler_is_ready(&missing_database))
	{
		if (missing_database)
			scheduler_wake();
		if (has_passed(start, SCHEDULER_WAIT_MS))
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("erpgo_backup's scheduler is not running"),
					missing_database ?
					errdetail("It could not connect to database \"%s\".",
							  setting_database) : 0,
					errhint("The server's log tells why."));
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 LOOK_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Throws an error in a database where the extension does not work.
 */
static void
require_database(void)
{
	char	   *here = get_database_name(MyDatabaseId);

	if (strcmp(here, setting_database) == 0)
		return;
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("erpgo_backup does not work in database \"%s\"", here),
			errdetail("It works in database \"%s\", for the whole server.",
					  setting_database),
			errhint("Connect to that database, or change the setting erpgo_backup.database."));
}

void
session_require_jobs(bool writes)
{
	if (job_table == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("erpgo_backup is not loaded by the server"),
				errhint("Add erpgo_backup to shared_preload_libraries and restart the server."));
	if (RecoveryInProgress())
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("recovery is in progress"),
				errhint("On a standby erpgo_backup can only be looked at."));
	require_database();
	if (writes && !setting_enabled)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("erpgo_backup is not enabled on this server"),
				errhint("Set erpgo_backup.enabled unless this server is a copy of another one."));
	require_scheduler();
}

const char *
session_role(void)
{
	/* The current role is the functions' owner: they are SECURITY DEFINER. */
	return GetUserNameFromId(GetOuterUserId(), false);
}

JobRequest *
session_request(JobKind kind)
{
	JobRequest *request = palloc0(sizeof(JobRequest));

	request->kind = kind;
	strlcpy(request->role, session_role(), NAMEDATALEN);
	if (MyProcPort != NULL && MyProcPort->remote_host != NULL)
		strlcpy(request->client, MyProcPort->remote_host,
				sizeof(request->client));
	return request;
}

void
session_fill_text(char *buffer, size_t size, const char *value,
				  const char *what)
{
	if (strlcpy(buffer, value, size) >= size)
		ereport(ERROR,
				errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				errmsg("%s is too long", what),
				errdetail("It may have at most %zu bytes.", size - 1));
}

char *
session_backup_id(const char *given)
{
	char		status[JOB_WORD_SIZE];
	char	   *id;

	if (strcmp(given, "latest") == 0)
	{
		id = history_latest();
		if (id == NULL)
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("there is no backup"),
					errhint("Make one with erpgo_backup_run, or look into the repository with erpgo_backup_sync."));
		return id;
	}
	if (!backup_id_parse(given, NULL, NULL))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("\"%s\" is not the identifier of a backup", given),
				errhint("Identifiers look like \"20261122T180000Z-full\"; \"latest\" is the newest backup."));
	if (!history_status(given, status, NULL))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("backup \"%s\" does not exist", given),
				errhint("If the repository has it, erpgo_backup_sync makes it known."));
	return pstrdup(given);
}

/*
 * Throws an error if the caller holds a lock that a job might wait for.
 * Locks on virtual transactions and advisory locks are none of those.
 */
static void
refuse_locks(const char *what)
{
	SPI_connect();
	if (SPI_execute("SELECT mode, coalesce(relation::regclass::text, locktype)"
					" FROM pg_locks WHERE pid = pg_backend_pid() AND granted"
					" AND mode <> 'AccessShareLock'"
					" AND locktype NOT IN ('virtualxid', 'advisory') LIMIT 1",
					true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look at the locks of this session");
	if (SPI_processed > 0)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("cannot wait for a %s while this transaction holds locks", what),
				errdetail("The %s might wait for the %s on \"%s\".", what,
						  SPI_getvalue(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 1),
						  SPI_getvalue(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 2)),
				errhint("Call it outside of the transaction, or with wait => false."));
	SPI_finish();
}

void
session_refuse_blocking_caller(const char *what)
{
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("cannot wait for a %s in a transaction that has written", what),
				errdetail("The %s might wait for the end of this transaction.", what),
				errhint("Call it outside of the transaction, or with wait => false."));
	refuse_locks(what);
}

/*
 * Waits no more.
 */
static void
leave_awaited(void)
{
	JobSlot    *slot = awaited;

	awaited = NULL;
	if (slot != NULL)
		job_leave(slot);
}

/*
 * A session that ends leaves no waiter behind, nor a job that only it wanted.
 */
static void
abandon_at_exit(int code, Datum arg)
{
	if (awaited != NULL && cancels_awaited)
		job_cancel(awaited, "");
	leave_awaited();
}

/*
 * Counts the session in as the waiter that it already is in the slot.
 */
static void
note_awaited(JobSlot *slot, bool cancels)
{
	static bool registered = false;

	awaited = slot;
	cancels_awaited = cancels;
	if (!registered)
		before_shmem_exit(abandon_at_exit, (Datum) 0);
	registered = true;
}

/*
 * Sleeps until the job is finished, or at most so long; 0 is without limit.
 */
static void
sleep_until_finished(JobSlot *slot, int milliseconds)
{
	int64		start = passing_ms();

	ConditionVariablePrepareToSleep(&slot->changed);
	while (!job_is_finished(slot))
	{
		if (milliseconds > 0 && has_passed(start, milliseconds))
			break;
		(void) ConditionVariableTimedSleep(&slot->changed, WAIT_MS,
										   PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
}

/*
 * Cancels the job and gives it a moment to end, so that history is final when
 * control returns.  Another cancel request has to wait as long.
 */
static void
cancel_awaited(void)
{
	job_cancel(awaited, session_role());
	HOLD_CANCEL_INTERRUPTS();
	sleep_until_finished(awaited, CANCEL_WAIT_MS);
	RESUME_CANCEL_INTERRUPTS();
}

void
session_await(JobSlot *slot, bool cancels, JobOutcome *outcome, char **payload)
{
	note_awaited(slot, cancels);
	PG_TRY();
	{
		sleep_until_finished(slot, 0);
		job_read(slot, outcome, payload);
	}
	PG_CATCH();
	{
		if (cancels)
			cancel_awaited();
		leave_awaited();
		PG_RE_THROW();
	}
	PG_END_TRY();
	leave_awaited();
}

void
session_await_cleanup(void)
{
	JobSlot    *slot;

	while ((slot = job_find_cleanup()) != NULL)
	{
		JobOutcome	outcome;
		char	   *payload;

		session_await(slot, false, &outcome, &payload);
		pfree(payload);
	}
}

void
session_throw(const JobOutcome *outcome)
{
	if (outcome->sqlstate == ERRCODE_SUCCESSFUL_COMPLETION)
		return;
	ereport(ERROR,
			errcode(outcome->sqlstate),
			errmsg_internal("%s", outcome->message),
			outcome->detail[0] ? errdetail_internal("%s", outcome->detail) : 0,
			outcome->hint[0] ? errhint("%s", outcome->hint) : 0);
}

void
session_show_warnings(const char *payload)
{
	char	   *lines = pstrdup(payload);
	char	   *rest = lines;
	char	   *line;

	while ((line = strsep(&rest, "\n")) != NULL)
	{
		EngineMessage message;
		char	   *hint;

		if (line[0] == '\0')
			continue;
		message = engine_message_read_body(line);
		hint = message_text(&message, "hint");
		/* The worker has written it to the server's log. */
		ereport(WARNING_CLIENT_ONLY,
				errmsg_internal("%s", message_text(&message, "message")),
				hint ? errhint("%s", hint) : 0);
	}
}

void
session_do(JobRequest *request, int64 newer_than, JobOutcome *outcome)
{
	JobSlot    *slot = job_request(request, newer_than, true);
	char	   *payload;

	session_await(slot, true, outcome, &payload);
	session_show_warnings(payload);
	session_throw(outcome);
}

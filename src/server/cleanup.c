/*
 * erpgo_backup_retention and erpgo_backup_cleanup.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "session.h"

PG_FUNCTION_INFO_V1(erpgo_backup_retention);
PG_FUNCTION_INFO_V1(erpgo_backup_cleanup);

/* Columns of the result: id, type, role, decision, reason. */
#define DECISION_COLUMNS 5

/*
 * Adds the rows of the last query to the result.
 */
static void
put_rows(ReturnSetInfo *result)
{
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		Datum		values[DECISION_COLUMNS];
		bool		nulls[DECISION_COLUMNS];

		for (int i = 0; i < DECISION_COLUMNS; i++)
			values[i] = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, i + 1, &nulls[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * Adds what a job decided to the result: everything, or what does not stay.
 * The worker wrote that after this statement began, which an older snapshot
 * does not show.
 */
static void
put_decisions(ReturnSetInfo *result, uint64 job, bool all)
{
	Oid			types[] = {INT8OID, BOOLOID};
	Datum		values[] = {Int64GetDatum((int64) job), BoolGetDatum(all)};

	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute_with_args("SELECT id, type, role, decision, reason"
							  " FROM erpgo_backup.retention_decision"
							  " WHERE job = $1 AND ($2 OR decision <> 'keep')"
							  " ORDER BY id", lengthof(types), types, values,
							  NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read what was decided about backups");
	put_rows(result);
	PopActiveSnapshot();
	SPI_finish();
}

/*
 * Has the engine decide, and do what it decided unless it is a dry run; puts
 * the decisions into the result.
 */
static void
expire(FunctionCallInfo fcinfo, bool dry_run, bool confirm, bool all)
{
	JobRequest *request;
	JobOutcome	outcome;
	JobSlot    *slot;
	uint64		number;
	char	   *payload;

	InitMaterializedSRF(fcinfo, 0);
	session_require_jobs(!dry_run);
	if (!dry_run)
		session_await_cleanup();
	request = session_request(JOB_EXPIRE);
	request->dry_run = dry_run;
	request->confirm = confirm;
	slot = job_request(request, 0, true);
	number = slot->number;
	session_await(slot, true, &outcome, &payload);
	session_show_warnings(payload);
	session_throw(&outcome);
	put_decisions((ReturnSetInfo *) fcinfo->resultinfo, number, all);
}

/*
 * What the policy says of each backup.
 */
Datum
erpgo_backup_retention(PG_FUNCTION_ARGS)
{
	expire(fcinfo, true, false, true);
	PG_RETURN_VOID();
}

/*
 * Deletes what the policy does not keep; the rows are what was deleted, would
 * be, or waits for confirmation.
 */
Datum
erpgo_backup_cleanup(PG_FUNCTION_ARGS)
{
	expire(fcinfo, PG_GETARG_BOOL(0), PG_GETARG_BOOL(1), false);
	PG_RETURN_VOID();
}

/*
 * erpgo_backup_run, erpgo_backup_wait and erpgo_backup_cancel.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/portal.h"

#include "backup_arguments.h"
#include "history.h"
#include "session.h"

PG_FUNCTION_INFO_V1(erpgo_backup_run);
PG_FUNCTION_INFO_V1(erpgo_backup_wait);
PG_FUNCTION_INFO_V1(erpgo_backup_cancel);

/*
 * The request that the arguments of erpgo_backup_run make.
 */
static JobRequest *
read_run_arguments(FunctionCallInfo fcinfo)
{
	JobRequest *request = session_request(JOB_BACKUP);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("\"type\" and \"wait\" must not be null"));
	request->type = backup_type_argument(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	backup_scope_check(request->type, !PG_ARGISNULL(1));
	if (!PG_ARGISNULL(1))
	{
		backup_databases_check(PG_GETARG_ARRAYTYPE_P(1));
		backup_databases_fill(request, PG_GETARG_ARRAYTYPE_P(1));
	}
	if (!PG_ARGISNULL(3))
		session_fill_text(request->label, sizeof(request->label),
						  text_to_cstring(PG_GETARG_TEXT_PP(3)), "label");
	return request;
}

/*
 * Makes a backup and returns its identifier.
 */
Datum
erpgo_backup_run(PG_FUNCTION_ARGS)
{
	JobRequest *request = read_run_arguments(fcinfo);
	bool		wait = PG_GETARG_BOOL(2);
	JobOutcome	outcome;

	session_require_jobs(true);
	if (wait)
	{
		session_refuse_blocking_caller("backup");
		session_do(request, history_newest_time(), &outcome);
	}
	else
		(void) job_request(request, history_newest_time(), false);
	PG_RETURN_TEXT_P(cstring_to_text(request->id));
}

/*
 * What history says of a backup that no job is working on; false if it knows
 * nothing.  The caller of a procedure has no right to the tables, and its
 * search_path is its own.
 */
static bool
look_up_status(const char *id, char status[JOB_WORD_SIZE], JobOutcome *outcome)
{
	Oid			user;
	int			context;
	int			nest_level = NewGUCNestLevel();
	bool		found;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID,
						   context | SECURITY_LOCAL_USERID_CHANGE);
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	found = history_status(id, status, outcome);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(user, context);
	return found;
}

/*
 * Throws the error of a backup that has ended, if it ended with one.
 */
static void
throw_recorded_outcome(const char *id)
{
	char		status[JOB_WORD_SIZE];
	JobOutcome	outcome = {0};

	if (!look_up_status(id, status, &outcome))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("backup \"%s\" does not exist", id));
	if (strcmp(status, "running") == 0 || strcmp(status, "verifying") == 0)
		ereport(ERROR,
				errcode(ERRCODE_ADMIN_SHUTDOWN),
				errmsg("backup \"%s\" was interrupted", id));
	if (strcmp(status, JOB_END_OK) != 0 && outcome.message[0] != '\0')
		session_throw(&outcome);
}

/*
 * Releases the snapshot of a CALL that is not inside a transaction block, so
 * that waiting does not hold back vacuum.
 */
static void
release_snapshot(FunctionCallInfo fcinfo)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic)
		ForgetPortalSnapshots();
}

/*
 * Waits for the job that makes or works on a backup.
 */
Datum
erpgo_backup_wait(PG_FUNCTION_ARGS)
{
	char	   *id = text_to_cstring(PG_GETARG_TEXT_PP(0));
	JobOutcome	outcome;
	JobSlot    *slot;
	char	   *payload;

	session_require_jobs(false);
	slot = job_find(id, true);
	if (slot == NULL)
	{
		throw_recorded_outcome(id);
		PG_RETURN_VOID();
	}
	release_snapshot(fcinfo);
	session_await(slot, false, &outcome, &payload);
	session_show_warnings(payload);
	session_throw(&outcome);
	PG_RETURN_VOID();
}

/*
 * Stops the job that makes or works on a backup; false if there is none.
 */
Datum
erpgo_backup_cancel(PG_FUNCTION_ARGS)
{
	char	   *id = text_to_cstring(PG_GETARG_TEXT_PP(0));

	session_require_jobs(false);
	PG_RETURN_BOOL(backup_id_parse(id, NULL, NULL) &&
				   job_cancel_id(id, session_role()));
}

/*
 * What is known of the room in the repository.
 *
 * The engine measures it: the server never touches the repository.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "job_description.h"
#include "repository_state.h"

/*
 * Runs a statement with two arguments, NULL for null, and returns the number
 * in its first column; 0 if that is null or nothing.
 */
static int64
query_number(const char *statement, const char *const args[2])
{
	Oid			types[2] = {TEXTOID, TEXTOID};
	Datum		values[2];
	char		nulls[2];
	char	   *value = NULL;
	int64		number;

	for (int i = 0; i < lengthof(values); i++)
	{
		nulls[i] = args[i] == NULL ? 'n' : ' ';
		values[i] = args[i] == NULL ? (Datum) 0 : CStringGetTextDatum(args[i]);
	}
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_execute_with_args(statement, lengthof(values), types, values, nulls,
							  false, 1) < 0)
		elog(ERROR, "could not execute \"%s\"", statement);
	if (SPI_processed == 1)
		value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	number = value == NULL ? 0 : strtoll(value, NULL, 10);
	PopActiveSnapshot();
	SPI_finish();
	return number;
}

void
repository_state_take(const EngineMessage *message)
{
	MemoryContext caller = CurrentMemoryContext;
	int64		available = message_int64(message, "free_bytes");
	int64		total = message_int64(message, "total_bytes");
	const char *args[] = {
		psprintf(INT64_FORMAT, available),
		psprintf(INT64_FORMAT, total),
	};

	if (available < 0 || total <= 0 || available > total)
		ereport(ERROR,
				errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("engine described a repository that cannot be: %s of %s bytes are free",
					   args[0], args[1]));
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	(void) query_number("SELECT erpgo_backup.repository_measured($1, $2)", args);
	CommitTransactionCommand();
	MemoryContextSwitchTo(caller);
}

int64
repository_expected_bytes(const JobRequest *request)
{
	const char *args[] = {
		backup_type_name(request->type),
		request->database_count == 0 ? NULL :
		names_to_json(request->databases, request->database_count),
	};

	return query_number("SELECT erpgo_backup.backup_expected_bytes($1, $2)", args);
}

/*
 * Statements whose arguments and results are texts.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "statement.h"

/* Arguments that a statement has at most. */
#define MAX_ARGUMENTS 10

MemoryContext
transaction_begin(void)
{
	MemoryContext caller = CurrentMemoryContext;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	return caller;
}

void
transaction_end(MemoryContext caller)
{
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	MemoryContextSwitchTo(caller);
}

/*
 * Ends the transaction that the error which is being handled was thrown in,
 * and tells the log of it.
 */
static void
report_error(const char *words)
{
	ErrorData  *error = CopyErrorData();

	FlushErrorState();
	AbortOutOfAnyTransaction();
	ereport(error->sqlerrcode == ERRCODE_OBJECT_IN_USE ? LOG : WARNING,
			errcode(error->sqlerrcode),
			errmsg("%s: %s", words, error->message));
}

bool
transaction_try(void (*step) (void *subject), void *subject, const char *words)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = true;

	PG_TRY();
	{
		step(subject);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		report_error(words);
		done = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return done;
}

/*
 * Runs a statement and returns the number of rows.
 */
static uint64
execute(const char *statement, int nargs, const char *const *args, bool read_only)
{
	Oid			types[MAX_ARGUMENTS];
	Datum		values[MAX_ARGUMENTS];
	char		nulls[MAX_ARGUMENTS] = {0};
	int			result;

	Assert(nargs <= MAX_ARGUMENTS);
	for (int i = 0; i < nargs; i++)
	{
		types[i] = TEXTOID;
		nulls[i] = args[i] == NULL ? 'n' : ' ';
		values[i] = args[i] == NULL ? (Datum) 0 : CStringGetTextDatum(args[i]);
	}
	result = SPI_execute_with_args(statement, nargs, types, values, nulls,
								   read_only, 0);
	if (result < 0)
		elog(ERROR, "could not execute \"%s\": %s", statement,
			 SPI_result_code_string(result));
	return SPI_processed;
}

uint64
statement_run(const char *statement, int nargs, const char *const *args)
{
	return execute(statement, nargs, args, false);
}

uint64
statement_read(const char *statement, int nargs, const char *const *args)
{
	return execute(statement, nargs, args, true);
}

char *
statement_text(int row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

const char *
text_or_null(const char *value)
{
	return value == NULL || value[0] == '\0' ? NULL : value;
}

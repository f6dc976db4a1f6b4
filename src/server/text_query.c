/*
 * Statements whose arguments are texts, and what they give back.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "text_query.h"

/* Arguments that a statement has at most. */
#define MAX_ARGUMENTS 10

uint64
text_query(const char *statement, int nargs, const char *const *args,
		   bool read_only)
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

char *
text_query_value(int row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

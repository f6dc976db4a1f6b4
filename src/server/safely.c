/*
 * Steps of a worker that must not end it.
 */
#include "postgres.h"

#include "access/xact.h"

#include "safely.h"

bool
do_safely(void (*step) (void *), void *subject, const char *purpose)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = true;

	PG_TRY();
	{
		step(subject);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(caller);
		ereport(WARNING,
				errcode(error->sqlerrcode),
				errmsg("erpgo_backup could not %s: %s", purpose, error->message));
		done = false;
	}
	PG_END_TRY();
	return done;
}

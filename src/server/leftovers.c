/*
 * Removing what unfinished backups left in the repository.
 */
#include "postgres.h"

#include "history.h"
#include "job_description.h"
#include "leftovers.h"

#define DISCARD_LIMIT_S 60

bool
leftovers_remove(JobSlot *slot,
				 void (*on_message) (const EngineMessage *message),
				 const char *id, bool *is_published)
{
	EngineRun	run = {
		.slot = slot,
		.time_limit = DISCARD_LIMIT_S,
		.on_message = on_message,
	};

	engine_run(&run, discard_description(id));
	*is_published = !run.succeeded &&
		run.outcome.sqlstate == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
	if (run.succeeded)
		history_discarded(id);
	else if (!*is_published)
		ereport(WARNING,
				errmsg("could not remove what backup \"%s\" left: %s", id,
					   run.outcome.message));
	return run.succeeded;
}

bool
leftovers_remove_all(JobSlot *slot,
					 void (*on_message) (const EngineMessage *message))
{
	int			count;
	char	  **ids = history_leftovers(&count);
	bool		any_published = false;

	for (int i = 0; i < count && !worker_is_to_end(); i++)
	{
		bool		is_published;

		(void) leftovers_remove(slot, on_message, ids[i], &is_published);
		any_published |= is_published;
	}
	return any_published;
}

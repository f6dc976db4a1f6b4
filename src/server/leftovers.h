/*
 * What unfinished backups leave in the repository.
 */
#ifndef ERPGO_SERVER_LEFTOVERS_H
#define ERPGO_SERVER_LEFTOVERS_H

#include "engine_run.h"

/*
 * Has the engine remove what an unfinished backup left, for the job in a
 * slot, and notes that in the history; false, with a warning, if something
 * may still be there.  *is_published says that the backup turned out to be
 * finished: its worker died after the manifest was written.
 */
extern bool leftovers_remove(JobSlot *slot,
							 void (*on_message) (const EngineMessage *message),
							 const char *id, bool *is_published);

/* The same for all of which history knows; true if any was published. */
extern bool leftovers_remove_all(JobSlot *slot,
								 void (*on_message) (const EngineMessage *message));

#endif

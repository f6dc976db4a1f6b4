/*
 * What is known of the room in the repository.
 */
#ifndef ERPGO_SERVER_REPOSITORY_STATE_H
#define ERPGO_SERVER_REPOSITORY_STATE_H

#include "engine_protocol.h"
#include "job_slot.h"

/*
 * Stores how much room the engine found, in a transaction of its own.  What
 * makes no sense is an error.
 */
extern void repository_state_take(const EngineMessage *message);

/*
 * How many bytes the last backup of the kind asked for has stored; 0 if there
 * is none.  Within a transaction.
 */
extern int64 repository_expected_bytes(const JobRequest *request);

#endif

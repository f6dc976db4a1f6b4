/*
 * What a job worker does about old backups.
 */
#ifndef ERPGO_SERVER_CLEANUP_JOB_H
#define ERPGO_SERVER_CLEANUP_JOB_H

#include "engine_protocol.h"
#include "job_slot.h"

/*
 * Takes what the engine says of a backup in a clean-up: that it is gone, which
 * goes into the history at once, or what was decided about it.
 */
extern void cleanup_take_message(const JobRequest *request,
								 const EngineMessage *message);

/*
 * Notes what the clean-up of the first repository found out about gaps of the
 * WAL archive.
 */
extern void cleanup_take_result(const JobRequest *request,
								const EngineMessage *message);

/*
 * Stores what was decided for the session that waits for the job; nothing if
 * there is none.
 */
extern void cleanup_store_decisions(const JobSlot *slot);

/*
 * After a backup that went well, asks for a clean-up and does not wait for
 * it.  That this is not possible is worth a line in the log, no more.
 */
extern void cleanup_request_after(const JobRequest *request);

/* How many backups the clean-up of this worker leaves to be confirmed. */
extern int	cleanup_confirmations(void);

#endif

/*
 * The server's part of a physical backup: the engine asks for its beginning
 * and its end.
 */
#ifndef ERPGO_SERVER_PHYSICAL_H
#define ERPGO_SERVER_PHYSICAL_H

#include "engine_protocol.h"
#include "job_slot.h"

/*
 * Does what the engine asks for and sends the answer: one JSON object.  The
 * state of the backup belongs to this session; its end, whatever the reason,
 * ends the backup, and releases the WAL.
 */
extern void physical_take_request(const JobRequest *job,
								  const EngineMessage *message);

#endif

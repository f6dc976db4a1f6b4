/*
 * Whether further repositories hear that their owner is alive.
 */
#ifndef ERPGO_SERVER_OWNER_RENEWAL_H
#define ERPGO_SERVER_OWNER_RENEWAL_H

#include "postgres.h"

#include "engine_protocol.h"

/*
 * Takes what the engine says of one in a "row" message, and tells the server's
 * log where that changed.
 */
extern void owner_renewal_take_row(const EngineMessage *message);

#endif

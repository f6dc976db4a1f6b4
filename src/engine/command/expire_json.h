/*
 * What becomes of a backup, as JSON.
 */
#ifndef ERPGO_ENGINE_COMMAND_EXPIRE_JSON_H
#define ERPGO_ENGINE_COMMAND_EXPIRE_JSON_H

#include <jansson.h>

#include "repository/expiry.h"

/*
 * {"id", "type", "role", "decision", "reason"}; role may be null.  EXPIRY_WAL
 * is for the archive: its identifier is "WAL", its type "wal", and "bytes" is
 * how much of it goes.
 */
extern json_t *expiry_item_to_json(const Expiry *expiry, int item);

/* What becomes of the archive; the text is allocated. */
extern RetentionDecision wal_decision(const Expiry *expiry);
extern char *wal_decision_text(const Expiry *expiry);

#endif

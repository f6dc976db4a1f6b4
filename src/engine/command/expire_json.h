/*
 * What becomes of a backup, as JSON.
 */
#ifndef ERPGO_ENGINE_COMMAND_EXPIRE_JSON_H
#define ERPGO_ENGINE_COMMAND_EXPIRE_JSON_H

#include <jansson.h>

#include "repository/expiry.h"

/* {"id", "type", "role", "decision", "reason"}; role may be null. */
extern json_t *expiry_item_to_json(const Expiry *expiry, int item);

#endif

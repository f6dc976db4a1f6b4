/*
 * What became of an alert, as the server and scripts are told.
 */
#ifndef ERPGO_ENGINE_COMMAND_DELIVERY_H
#define ERPGO_ENGINE_COMMAND_DELIVERY_H

#include <jansson.h>

#include "notify/notify.h"

/* The words for what became of a delivery. */
#define DELIVERY_SENT "sent"
#define DELIVERY_FAILED "failed"

/* {"alert", "channel", "status", "transient", "message", "hint"}. */
extern json_t *delivery_to_json(const Delivery *delivery);

#endif

/*
 * What the server has to say after the description of a job.
 */
#ifndef ERPGO_ENGINE_PROTOCOL_INPUT_H
#define ERPGO_ENGINE_PROTOCOL_INPUT_H

#include <jansson.h>

#include "postgres_fe.h"

#include "lib/stringinfo.h"

typedef struct ProtocolInput
{
	int			fd;				/* to wait for */
	StringInfoData buffer;
} ProtocolInput;

/* Begins to listen to the server. */
extern void protocol_input_init(ProtocolInput *input);

/* Reads what there is, without waiting; false if the server is gone. */
extern bool protocol_input_fill(ProtocolInput *input);

/*
 * The next object that was read; NULL if none is complete.  FAILURE_USAGE if a
 * line is none, or too long.
 */
extern json_t *protocol_input_next(ProtocolInput *input);

#endif

/*
 * Findings: JSON objects with a status, what they concern, a message, and a
 * hint or null.
 */
#ifndef ERPGO_ENGINE_COMMAND_FINDING_H
#define ERPGO_ENGINE_COMMAND_FINDING_H

#include <jansson.h>

#include "command/table.h"

/* Status, subject and message. */
#define FINDING_COLUMNS 3

/*
 * Prints an array of findings for people.  subject is the key of what each
 * concerns.
 */
extern void findings_print(const json_t *rows,
						   const Column columns[FINDING_COLUMNS],
						   const char *subject);

/* Does any finding have this status? */
extern bool findings_have(const json_t *rows, const char *status);

#endif

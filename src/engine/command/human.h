/*
 * Texts for people.
 */
#ifndef ERPGO_ENGINE_COMMAND_HUMAN_H
#define ERPGO_ENGINE_COMMAND_HUMAN_H

#include "postgres_fe.h"

#include <jansson.h>

/* "2 h ago", "just now" for what was so many milliseconds ago; allocated. */
extern char *age_text(int64 milliseconds);

/*
 * A text that others chose, safe to print on a terminal: control characters
 * become "?".  NULL becomes "-".  Allocated.
 */
extern char *printable_text(const char *anything);

/*
 * A text that is a member of a JSON object, for a table; "" if it is null or
 * not there.
 */
extern char *printable_member(const json_t *object, const char *key);

/* How many columns of a terminal a text takes. */
extern int	display_width(const char *line);

#endif

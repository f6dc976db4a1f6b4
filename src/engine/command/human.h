/*
 * Texts for people.
 */
#ifndef ERPGO_ENGINE_COMMAND_HUMAN_H
#define ERPGO_ENGINE_COMMAND_HUMAN_H

#include "postgres_fe.h"

/* "2 h ago", "just now" for what was so many milliseconds ago; allocated. */
extern char *age_text(int64 milliseconds);

/*
 * A text that others chose, safe to print on a terminal: control characters
 * become "?".  NULL becomes "-".  Allocated.
 */
extern char *printable_text(const char *anything);

/* How many columns of a terminal a text takes. */
extern int	display_width(const char *line);

#endif

/*
 * Texts for a shell.
 */
#ifndef ERPGO_ENGINE_COMMAND_SHELL_H
#define ERPGO_ENGINE_COMMAND_SHELL_H

/* A text as one word of a POSIX shell, whatever is in it; allocated. */
extern char *shell_quote(const char *word);

/* "dbname='…'" for any name, as libpq reads it; allocated. */
extern char *conninfo_dbname(const char *database);

#endif

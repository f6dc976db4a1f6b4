/*
 * Statements whose arguments and results are texts.
 *
 * What workers write are functions of the extension's script.  They cast the
 * texts, so that one small function here runs them all.
 */
#ifndef ERPGO_SERVER_STATEMENT_H
#define ERPGO_SERVER_STATEMENT_H

#include "postgres.h"

/*
 * Begins a transaction that can run statements.  The result is the memory
 * context that the caller was in.
 */
extern MemoryContext transaction_begin(void);

/* Commits it. */
extern void transaction_end(MemoryContext caller);

/*
 * Does something that ends its transactions; false if there was an error,
 * which the log is told of after the words given.  That something is in use is
 * no reason for a warning.
 */
extern bool transaction_try(void (*step) (void *subject), void *subject,
							const char *words);

/*
 * Runs a statement, within SPI; NULL arguments are null.  Returns the number
 * of rows.
 */
extern uint64 statement_run(const char *statement, int nargs,
							const char *const *args);

/* The same for one that only reads: it sees what the active snapshot shows. */
extern uint64 statement_read(const char *statement, int nargs,
							 const char *const *args);

/* A column of a row of the last result, allocated within SPI; NULL if null. */
extern char *statement_text(int row, int column);

/* NULL instead of an empty text. */
extern const char *text_or_null(const char *value);

#endif

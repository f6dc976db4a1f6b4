/*
 * Statements whose arguments are texts, and what they give back.
 *
 * The statements themselves are functions and views of the extension's script,
 * which cast what they get, so that one function here runs them all.
 */
#ifndef ERPGO_SERVER_TEXT_QUERY_H
#define ERPGO_SERVER_TEXT_QUERY_H

#include "postgres.h"

/*
 * Runs a statement within SPI; NULL arguments are null.  Returns the number of
 * rows.  One that only reads sees what the active snapshot shows, another one
 * has a snapshot of its own.
 */
extern uint64 text_query(const char *statement, int nargs,
						 const char *const *args, bool read_only);

/* A column of a row of the last result, allocated with SPI; NULL if null. */
extern char *text_query_value(int row, int column);

#endif

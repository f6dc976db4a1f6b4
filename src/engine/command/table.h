/*
 * Tables of texts on standard output.
 */
#ifndef ERPGO_ENGINE_COMMAND_TABLE_H
#define ERPGO_ENGINE_COMMAND_TABLE_H

#include "postgres_fe.h"

typedef struct Column
{
	const char *heading;
	bool		to_the_right;	/* as figures are set */
} Column;

typedef struct Table Table;

/* Begins a table.  The columns must live as long as it does. */
extern Table *table_begin(const Column *columns, int count);

/*
 * Adds the next cell, row by row; the table takes the allocated text.
 * What others chose must have passed printable_text.
 */
extern void table_add(Table *table, char *cell);

/* Prints the table, each column as wide as its widest cell, and frees it. */
extern void table_print(Table *table);

#endif

/*
 * Which tables of a database are the largest, to explain later why a backup
 * has grown.
 */
#ifndef ERPGO_ENGINE_DATABASE_TABLE_SIZES_H
#define ERPGO_ENGINE_DATABASE_TABLE_SIZES_H

#include "database/connection.h"
#include "repository/manifest.h"

/*
 * The TABLE_SIZE_COUNT largest tables whose rows pg_dump takes, largest first,
 * each with its TOAST table and without indexes; empty ones are left out.
 * Takes no lock on any table and waits for none.
 *
 * The connection is in a transaction, which goes on as it was.  Sizes explain,
 * and no backup fails for the want of them: NULL, with a warning, if they
 * cannot be had.
 */
extern TableSize *table_sizes(PGconn *connection, int *count);

#endif

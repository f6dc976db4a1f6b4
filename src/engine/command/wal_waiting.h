/*
 * Segments that a server cannot archive, as one of its repositories is away.
 */
#ifndef ERPGO_ENGINE_COMMAND_WAL_WAITING_H
#define ERPGO_ENGINE_COMMAND_WAL_WAITING_H

#include "repository/wal_archive.h"

/*
 * Stores in an archive what it lacks of the segments that wait in a data
 * directory to be archived, oldest first; as many as a while allows, the next
 * call goes on.  Nothing counts as archived because of that.  The source says
 * how to store them.
 */
extern void wal_waiting_ship(WalArchive *archive, const char *data_directory,
							 const WalSource *source);

#endif

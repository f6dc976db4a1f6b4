/*
 * How files of the WAL archive are encrypted.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_WAL_CIPHER_H
#define ERPGO_ENGINE_REPOSITORY_WAL_CIPHER_H

#include "repository/wal_archive.h"

/*
 * Encrypts a file with a key of the archive.  In write-only mode each file has
 * a key of its own, which comes before it, wrapped for the holder of the
 * private key; but history files, which servers need, have that of the seal.
 */
extern Sink *wal_encrypt_sink(Sink *next, const WalKey *key, const WalName *name);

/*
 * The reverse; object_name is for messages.  Fails if it takes the private key,
 * and that is not here.
 */
extern Sink *wal_decrypt_sink(Sink *next, const WalKey *key, const WalName *name,
							  const char *object_name);

#endif

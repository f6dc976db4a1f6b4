/*
 * The signing key of a data directory, and what else only the modules of
 * write-only mode share.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_SIGNING_KEY_H
#define ERPGO_ENGINE_REPOSITORY_SIGNING_KEY_H

#include "repository/sealing.h"

/* Reads the signing key of a data directory, allocated; NULL if it has none. */
extern char *signing_key_read(const char *data_directory);

/*
 * Makes it, durably.  Another process may do the same: the first one wins, and
 * both get its key.
 */
extern char *signing_key_make(const char *data_directory);

/* The public key to write for; there must be one (sealing_is_on). */
extern const RsaKey *sealing_public_key(void);

/* The signing key, made where there is none. */
extern const char *sealing_own_signing_key(void);

/* The name key that belongs to a signing key and a recipient. */
extern void sealing_derive_name_key(const char *key, const char *recipient,
									char name_key[KEY_HEX_SIZE]);

#endif

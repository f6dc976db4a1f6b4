/*
 * Write-only mode: what this server writes is encrypted for the holder of a
 * private key that is not here, and signed.
 *
 * A seal is a record "seal/<id>.json" of the cluster that binds a server's
 * signing key to the public key that it encrypts for.  It holds a name key,
 * from which the names of WAL are made: the server derives it from its signing
 * key, and whoever has the private key unwraps it.  docs/REPOSITORY_FORMAT.md,
 * section 3a.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_SEALING_H
#define ERPGO_ENGINE_REPOSITORY_SEALING_H

#include "repository/asymmetric.h"

/* The file of a data directory that holds its signing key. */
#define SIGNING_KEY_FILE "erpgo_backup.signing_key"
/* How the names begin of those that are being made. */
#define SIGNING_KEY_UNFINISHED "erpgo_backup.signing_key."

/* The file that holds the private key, where restores happen. */
#define SECRET_PRIVATE_KEY_FILE "BACKUP_PRIVATE_KEY_FILE"

/* Whose signatures are trusted: public halves, separated by commas. */
#define SECRET_TRUSTED_SIGNERS "BACKUP_TRUSTED_SIGNERS"

#define PRIVATE_KEY_HINT "Set " SECRET_PRIVATE_KEY_FILE " in the secrets file, on a machine where restores happen. Depth \"digest\" verifies without it."

typedef struct Seal
{
	char		id[KEY_ID_SIZE];	/* the name of the name key */
	char		signer[KEY_HEX_SIZE];
	char		recipient[SHA256_HEX_SIZE]; /* fingerprint of the public key */
	int64		created_ms;
	char	   *wrapped;		/* the name key, in base64 */
} Seal;

/* All of a cluster; the damaged ones are counted. */
typedef struct Seals
{
	Seal	   *seals;
	int			count;
	int			damaged;
} Seals;

/*
 * Says which public key to write for and which data directory this is about;
 * NULL or "" is none.  To be called before the others.
 */
extern void sealing_configure(const char *public_key_file, const char *data_directory);

/* Is there a public key to write for? */
extern bool sealing_is_on(void);

/* Is the private key here? */
extern bool sealing_has_private_key(void);

/*
 * The seal of this server for its public key.  Makes the signing key, and the
 * record, where there is none.
 */
extern const Seal *seal_current(Store *store, const char *prefix);

/*
 * The seal with that name; NULL if there is none.  FAILURE_DAMAGED if it does
 * not authenticate, FAILURE_KEY if its signer is not trusted.
 */
extern const Seal *seal_read(Store *store, const char *prefix, const char *id);

/* All seals, whether their signers are trusted or not. */
extern Seals seals_read(Store *store, const char *prefix);

/*
 * Copies the seals of a cluster that another store lacks, byte for byte; prefix
 * is the cluster's folder in both.  One that is damaged is left out, with a
 * warning.
 */
extern void seals_copy(Store *from, Store *to, const char *prefix);

/* Has a cluster a seal of this name? */
extern bool seal_exists(Store *store, const char *prefix, const char *id);

/* May signatures of this one be trusted? */
extern bool signer_is_trusted(const char *signer);

/* Does the cluster have a seal of this signer, which is trusted? */
extern bool signer_is_known(Store *store, const char *prefix, const char *signer);

/*
 * The signing key of this data directory; NULL if it has none.  Lives as long
 * as the process.
 */
extern const char *sealing_signing_key(void);

/* Wraps a key for the holder of the private key; base64, allocated. */
extern char *seal_wrap(const char *key);

/*
 * The same before other bytes: at most RSA_BYTES_MAX of them; returns how
 * many.
 */
extern size_t seal_wrap_bytes(const char *key, unsigned char wrapped[RSA_BYTES_MAX]);

/*
 * Unwraps a key; false if there is no private key here.  FAILURE_KEY if it is
 * another one than the seal was made for, FAILURE_DAMAGED if that is not a
 * wrapped key; name is the object that holds it.
 */
extern bool seal_unwrap(const Seal *seal, const char *wrapped, const char *name,
						char key[KEY_HEX_SIZE]);

/* Does the private key that is here open what was sealed with this? */
extern bool seal_is_opened(const Seal *seal);

/*
 * The private key that opens what was sealed with this; fails if it is not
 * here, naming what it is needed for.
 */
extern const RsaKey *seal_private_key(const Seal *seal, const char *what);

/*
 * The name key of a seal: by the signing key if that is here, else by the
 * private key.  Fails if neither is.
 */
extern void seal_name_key(const Seal *seal, char key[KEY_HEX_SIZE]);

#endif

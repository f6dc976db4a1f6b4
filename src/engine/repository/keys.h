/*
 * Keys.  A master key (a secret) wraps the cluster key, which wraps one data
 * key for each backup.  Cluster and data keys are 256 random bits, used as 64
 * hexadecimal digits: the passphrase of "openssl enc".
 *
 * A wrapped key is what "openssl enc -aes-256-cbc -pbkdf2 -iter N -md sha256
 * -A -a" writes of the 64 digits, and an HMAC-SHA-256 over that text, which
 * alone decides whether the passphrase is right.  The HMAC key are bytes 48 to
 * 79 of the same PBKDF2 output of which openssl takes the first 48 for key and
 * initialization vector.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_KEYS_H
#define ERPGO_ENGINE_REPOSITORY_KEYS_H

#include "store/store.h"
#include "stream/filters.h"

/* A key as hexadecimal digits, with its terminating zero. */
#define KEY_HEX_SIZE 65
/* The name of a key or of a wrapping of it: 16 hexadecimal digits. */
#define KEY_ID_SIZE 17

/* Rounds of PBKDF2: for what people choose, and for random keys. */
#define PASSPHRASE_ITERATIONS 600000
#define RANDOM_KEY_ITERATIONS 1
/* More than this is not written by anybody, and would take for ever. */
#define ITERATIONS_LIMIT 10000000

typedef struct WrappedKey
{
	int			iterations;
	char	   *wrapped;		/* base64 on one line */
	char		hmac[SHA256_HEX_SIZE];
} WrappedKey;

typedef struct ClusterKey
{
	char		id[KEY_ID_SIZE];
	char		key[KEY_HEX_SIZE];
} ClusterKey;

/* Makes a random key of 256 bits. */
extern void key_generate(char key[KEY_HEX_SIZE]);

/*
 * Makes random hexadecimal digits, an even number up to 64, and a terminating
 * zero.
 */
extern void random_hex(char *hex, size_t digits);

/* Is this so many lower-case hexadecimal digits, and nothing else? */
extern bool hex_is_valid(const char *hex, size_t digits);

/*
 * How many rounds of PBKDF2 a master key wants when it wraps: one of 64
 * lower-case hexadecimal digits is a random key of 256 bits, which nobody
 * guesses, anything else a passphrase.
 */
extern int	master_key_iterations(const char *master);

/* Wraps a key under a passphrase. */
extern WrappedKey key_wrap(const char *key, const char *passphrase,
						   int iterations);

/* Unwraps it; false if the HMAC says that the passphrase is another one. */
extern bool key_unwrap(const WrappedKey *wrapped, const char *passphrase,
					   char key[KEY_HEX_SIZE]);

/*
 * The public name of a key: the first 16 digits of HMAC-SHA-256 with the
 * key's digits as key over "erpgo_backup key id".
 */
extern void key_id(const char *key, char id[KEY_ID_SIZE]);

/* HMAC-SHA-256 in hexadecimal; key and data are bytes. */
extern void hmac_sha256_hex(const void *key, size_t key_len, const void *data,
							size_t len, char hex[SHA256_HEX_SIZE]);

/* SHA-256 in hexadecimal. */
extern void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE]);

/* Compares two texts of equal length in time that does not tell where they differ. */
extern bool constant_time_equal(const char *a, const char *b);

/*
 * The cluster key that new backups use: the newest one under "key/" of the
 * cluster that the master key opens; where there is none at all and create is
 * set, a new one is made and stored.  prefix is the cluster's folder with its
 * slash.  FAILURE_KEY if there are keys but the master key opens none.
 */
extern ClusterKey cluster_key_current(Store *store, const char *prefix,
									  const char *master, bool create);

/*
 * The cluster key of a given name.  FAILURE_KEY, with the reason, if no master
 * key is given (NULL) or it does not fit.  FAILURE_DAMAGED if it is not in the
 * repository, for no key is ever removed while something names it; wanted_by
 * is the object that does, for the message.
 */
extern ClusterKey cluster_key_open(Store *store, const char *prefix,
								   const char *id, const char *master,
								   const char *wanted_by);

/*
 * Does the slow part of opening the cluster's keys now, so that processes
 * forked later need not do it each.  Whether they can be opened is not said.
 */
extern void cluster_keys_prepare(Store *store, const char *prefix,
								 const char *master);

/*
 * Copies the key objects of a cluster that another store lacks, byte for byte;
 * prefix is the cluster's folder in both.  One that is damaged is left out,
 * with a warning.
 */
extern void cluster_keys_copy(Store *from, Store *to, const char *prefix);

/* Is there a key object that holds the cluster key of this name? */
extern bool cluster_has_key(Store *store, const char *prefix, const char *id);

/* Fails if there is no master key, or one that other tools could not use. */
extern void master_key_require(const char *master);

/* Fails because the master key opens none of a cluster's keys. */
extern void cluster_key_fail_wrong(const char *prefix) __attribute__((noreturn));

/* Does the cluster have any key? */
extern bool cluster_has_keys(Store *store, const char *prefix);

#endif

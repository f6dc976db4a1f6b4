/*
 * Records: the small JSON texts of a repository (manifest, events, keys, the
 * cluster's own).  A record is printed one key a line, so that grep and sed
 * can read it, and its last line alone holds what authenticates every byte
 * before it.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_RECORD_H
#define ERPGO_ENGINE_REPOSITORY_RECORD_H

#include <jansson.h>

#include "repository/manifest.h"

/* No record but a manifest is larger. */
#define RECORD_LIMIT (64 * 1024)

/*
 * Prints a record with its authentication (authentication_append); allocated.
 * Takes the JSON object over.
 */
extern char *record_format(json_t *record, const char *data_key,
						   const char *purpose);

/*
 * Reads a text as a record without authenticating it.  NULL if it is not one
 * JSON object without duplicate keys.
 */
extern json_t *record_parse(const char *content);

/* The same with authentication first; NULL if that fails, too. */
extern json_t *record_authenticate(const char *content, const char *data_key,
								   const char *purpose);

/*
 * The same by a signature: who signed it is the member "signer", and nobody
 * else is asked whether that may be trusted.
 */
extern char *record_format_signed(json_t *record, const char *signing_key,
								  const char *purpose);
extern json_t *record_authenticate_signed(const char *content, const char *purpose,
										  char signer[KEY_HEX_SIZE]);

/* Is a record one that is signed, by the look of it? */
extern bool record_is_signed(const char *content);

/*
 * Stores a record, unless another process does at the same time, or has done
 * so.
 */
extern void record_store_once(Store *store, const char *name, const char *content);

/*
 * A text as JSON; one that is not valid UTF-8 is a failure that says what it
 * is ("label").  NULL becomes null.
 */
extern json_t *record_string(const char *content, const char *what);

/* The sizes of tables that are noted of a dump, as a JSON array. */
extern json_t *record_table_sizes(const ManifestObject *object);

/* A JSON string, or NULL for null; false if it is something else. */
extern bool record_optional_string(json_t *value, const char **result);

/* Adds a wrapped key to a JSON object, and reads one from it. */
extern void record_set_wrapped_key(json_t *object, const WrappedKey *wrapped);
extern bool record_get_wrapped_key(json_t *object, WrappedKey *wrapped);

#endif

/*
 * A store that is a bucket of object storage, or a part of one: what its
 * parts share.
 *
 * An object of the store is an object of the bucket.  Beside them there are
 * only claims (s3_claim.c), under a name that no object can have.
 */
#ifndef ERPGO_ENGINE_STORE_S3_STORE_H
#define ERPGO_ENGINE_STORE_S3_STORE_H

#include "common/s3_url.h"
#include "store/s3_call.h"
#include "store/store.h"

#define S3_CLAIM_FOLDER ".claim/"

/* A random text that tells the objects of two writers apart. */
#define S3_TOKEN_SIZE 33

typedef struct S3Store
{
	Store		store;
	S3Client	client;
	S3Url		url;
	bool		no_conditions;	/* the server has no conditional PUT, or
								 * ignores the condition */
} S3Store;

/* What a store in a bucket does. */
extern const StoreOps s3_store_ops;

/* Opens the bucket that a URL names, without asking for it. */
extern Store *s3_store_open(const char *url, const StoreAccess *access);

/* Makes a new random token. */
extern void s3_token(char token[S3_TOKEN_SIZE]);

/*
 * Whose token an object has: fills in token, "" if it has none, and size.
 * False if there is no such object.
 */
extern bool s3_look(S3Store *store, const char *name,
					char token[S3_TOKEN_SIZE], int64 *size);

/*
 * Asks for objects under a prefix page by page; on_object is called for each,
 * whatever its name, which is that in the store, and must not fail: it is
 * called while an answer is read.
 */
typedef void (*S3ObjectReader) (void *context, const StoreObject *object);
extern void s3_list_all(S3Store *store, const char *prefix,
						S3ObjectReader on_object, void *context);

/*
 * Ends all uploads of one object, which is stored: those whose beginning was
 * answered with silence.
 */
extern void s3_sweep_object(S3Store *store, const char *name);

/* Fails because a new object's name is taken. */
extern void s3_fail_duplicate(S3Store *store, const char *name)
			__attribute__((noreturn));

/*
 * Makes this process the only one that may make an object of a name, until
 * s3_claim_release, on servers that cannot promise it.  FAILURE_DUPLICATE if
 * there is such an object.  The result is the name of the claim, allocated.
 */
extern char *s3_claim(S3Store *store, const char *name);

/* Gives a claim back, and frees its name. */
extern void s3_claim_release(S3Store *store, char *claim);

/* Removes claims of processes that died. */
extern void s3_claims_sweep(S3Store *store);

/* Callbacks of the store that have files of their own. */
extern Sink *s3_put(Store *store, const char *name, PutMode mode);
extern bool s3_get(Store *store, const char *name, Sink *into);
extern void s3_gather(Store *store, StoreBytes *objects, int count);
extern void s3_remove(Store *store, const char *name);
extern void s3_remove_many(Store *store, char *const *names, int count, bool may_stay);
extern int	s3_thaw(Store *store, const char *prefix);
extern StoreListing s3_list(Store *store, const char *prefix);
extern void s3_sweep(Store *store, const char *prefix);

#endif

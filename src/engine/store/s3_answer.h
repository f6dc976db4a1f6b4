/*
 * What the answers of object storage mean.
 */
#ifndef ERPGO_ENGINE_STORE_S3_ANSWER_H
#define ERPGO_ENGINE_STORE_S3_ANSWER_H

#include "store/s3_call.h"

/* Did the server do what it was asked for? */
extern bool s3_answer_is_success(const S3Answer *answer);

/* Does it say that there is no such object, the bucket being there? */
extern bool s3_answer_is_absent(const S3Answer *answer);

/* Might the same request be answered otherwise a little later? */
extern bool s3_answer_is_transient(const S3Answer *answer);

/* Is the server without what a request asked for? */
extern bool s3_answer_is_unsupported(const S3Answer *answer);

/* Do objects of a class of storage have to be thawed? */
extern bool s3_class_is_archive(const char *storage_class);

/* Takes the server's word for an error from the body, if it is one. */
extern void s3_answer_read_error(S3Answer *answer);

/*
 * Fails: action, as "store", could not be done to an object (NULL: to the
 * repository as such).
 */
extern void s3_fail(S3Client *client, const S3Answer *answer,
					const char *action, const char *name)
			__attribute__((noreturn));

#endif

/*
 * Where a repository in object storage is: a URL without secrets.
 */
#ifndef ERPGO_COMMON_S3_URL_H
#define ERPGO_COMMON_S3_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define S3_BUCKET_SIZE 64
#define S3_PREFIX_SIZE 256
#define S3_REGION_SIZE 64
#define S3_HOST_SIZE 256
#define S3_CLASS_SIZE 32
#define S3_KEY_ID_SIZE 256
#define S3_TAGS_SIZE 512

/* Most requests of one object that are on their way at a time. */
#define S3_PARALLEL_LIMIT 16

/* A part of an upload, but the last, has at least so many bytes. */
#define S3_SMALLEST_PART (INT64_C(5) * 1024 * 1024)

typedef struct S3Url
{
	char		bucket[S3_BUCKET_SIZE];
	char		prefix[S3_PREFIX_SIZE]; /* of all names; empty, or ends with a
										 * slash */
	char		region[S3_REGION_SIZE];
	char		host[S3_HOST_SIZE]; /* with the port, unless it is the usual
									 * one */
	bool		has_region;		/* the URL names one */
	bool		has_endpoint;
	bool		tls;
	bool		path_style;		/* the bucket's name is in the path, not the
								 * host */
	bool		claims;			/* and not conditions say who may make an
								 * object */
	char		storage_class[S3_CLASS_SIZE];	/* or empty */
	const char *encryption;		/* on the server's side, "AES256" or
								 * "aws:kms"; or NULL */
	char		encryption_key[S3_KEY_ID_SIZE]; /* of the server, or empty */
	char		tags[S3_TAGS_SIZE]; /* of objects, "a=b&c=d"; or empty */
	const char *lock_mode;		/* "GOVERNANCE" or "COMPLIANCE"; or NULL */
	int			lock_days;		/* after which an object can be deleted */
	int			thaw_days;		/* that a copy out of an archive stays */
	const char *thaw_tier;
	int64_t		part_size;		/* bytes */
	int			max_parts;		/* that an object may have */
	int			parallel;		/* requests of one object at a time */
	int			timeout_s;		/* how long a server may be silent */
} S3Url;

/* Does a text begin as a URL of this kind? */
extern bool s3_url_is_meant(const char *url);

/*
 * Reads "s3://bucket/prefix?parameter=value&…".  On false, *problem is a
 * static sentence that says what would be valid.
 */
extern bool s3_url_parse(const char *url, S3Url *parsed, const char **problem);

/*
 * Gives a URL that names no region another one than the default.  False, with
 * nothing changed, if it cannot be one.
 */
extern bool s3_url_set_region(S3Url *url, const char *region);

#endif

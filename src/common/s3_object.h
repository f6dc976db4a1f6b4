/*
 * What becomes of objects of a repository in a bucket: how they are cut to
 * pieces, and what the server is told of them.
 */
#ifndef ERPGO_COMMON_S3_OBJECT_H
#define ERPGO_COMMON_S3_OBJECT_H

#include "common/s3_url.h"

/*
 * Does an object of a repository get the class of storage that the URL names?
 * Only what a backup consists of: what is read all the time, and the archive
 * of WAL, have to be at hand.
 */
extern bool s3_object_has_class(const char *name);

/*
 * Is an object of a repository locked against deletion?  All that a restore
 * needs is; what is replaced or goes soon by itself is not.
 */
extern bool s3_object_is_locked(const char *name);

/*
 * How many bytes an object may have that is stored in one request; also what
 * the first part of a larger one has.  A segment of WAL has fewer, unless
 * parts or segments were given another size.
 */
extern int64_t s3_url_whole_size(const S3Url *url);

/*
 * How many bytes the next part of an upload is to have, of which there are
 * part_count: they grow, so that there are never more than the server takes.
 */
extern int64_t s3_url_part_size(const S3Url *url, int part_count);

/*
 * How many parts of an upload may be in memory at a time, if they have so many
 * bytes.
 */
extern int	s3_url_parallel(const S3Url *url, int64_t part_size);

#endif

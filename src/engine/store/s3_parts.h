/*
 * An object on its way into a bucket in parts, several of them at a time.
 *
 * Bytes are gathered in the buffer of a part; how many there are, and so the
 * memory they take, is bounded.
 */
#ifndef ERPGO_ENGINE_STORE_S3_PARTS_H
#define ERPGO_ENGINE_STORE_S3_PARTS_H

#include "store/s3_flight.h"
#include "store/s3_store.h"

/* A part that is filled, or on its way. */
typedef struct S3Part
{
	char	   *buffer;
	int64		used;
	int64		capacity;
	int			number;			/* from 1 on, once it is on its way */
	char		number_text[24];
} S3Part;

/* A part that is stored. */
typedef struct S3StoredPart
{
	char	   *etag;			/* escaped */
	char		checksum[S3_CHECKSUM_SIZE]; /* "" if the server keeps none */
} S3StoredPart;

typedef struct S3Parts S3Parts;

struct S3Parts
{
	S3Store    *store;
	const char *name;
	char	   *upload_id;		/* NULL until there is an upload */
	S3Flight	flights[S3_PARALLEL_LIMIT];
	S3Part		parts[S3_PARALLEL_LIMIT];
	int			filled;			/* the one that is being filled */
	S3StoredPart *stored;
	int			count;			/* of parts that were begun */
	int64		moved_ms;		/* when flights were moved, by clock_ms */

	/* Says in another way than S3's which part a request stores; or NULL. */
	void		(*address) (const S3Parts *parts, S3Part *part, S3Call *call);
};

/* The part that is being filled. */
extern S3Part *s3_parts_filled(S3Parts *parts);

/*
 * Takes bytes, and sends those parts that are full: then an upload must have
 * been begun.  Returns how many it took; less than all if it has to be begun.
 */
extern size_t s3_parts_take(S3Parts *parts, const char *data, size_t len);

/* Sends what is in the buffers, and waits until all is stored. */
extern void s3_parts_flush(S3Parts *parts);

/* The list of all parts, as the server wants it; allocated. */
extern char *s3_parts_list(const S3Parts *parts);

/* Gives up what is on its way. */
extern void s3_parts_stop(S3Parts *parts);

/* Frees the buffers. */
extern void s3_parts_free(S3Parts *parts);

#endif

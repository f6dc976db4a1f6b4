/*
 * Pages of relations: their checksums, and the keyed hashes by which a later
 * backup tells what changed.
 */
#ifndef ERPGO_ENGINE_CLUSTER_PAGE_H
#define ERPGO_ENGINE_CLUSTER_PAGE_H

#include "postgres_fe.h"

#include "access/xlogdefs.h"
#include "storage/block.h"

#define PAGE_HASH_SIZE 16
#define PAGE_SEED_SIZE 32
#define PAGE_SECRET_SIZE 192

/* Makes the secret of page hashes that belongs to a seed. */
extern void page_secret_make(const unsigned char seed[PAGE_SEED_SIZE],
							 unsigned char secret[PAGE_SECRET_SIZE]);

/* The hash of a page, as it is stored. */
extern void page_hash(const unsigned char secret[PAGE_SECRET_SIZE],
					  const void *page, unsigned char hash[PAGE_HASH_SIZE]);

/*
 * Is a page as the server wrote it?  One that was changed since the backup
 * began is, whatever it looks like: it comes from the WAL.  The page must be
 * aligned; it is the same afterwards.  block counts from the first segment of
 * the relation on.
 */
extern bool page_is_good(char *page, BlockNumber block, XLogRecPtr start);

#endif

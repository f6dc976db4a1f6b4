/*
 * What the processes that copy a cluster know together: memory that they
 * share, changed with atomic operations only.
 */
#ifndef ERPGO_ENGINE_CLUSTER_COPY_SHARED_H
#define ERPGO_ENGINE_CLUSTER_COPY_SHARED_H

#include "cluster/copy.h"

/* An object that a process made, for the manifest. */
typedef struct SharedObject
{
	int64		size;
	int64		stored_size;
	char		sha256[SHA256_HEX_SIZE];
} SharedObject;

typedef struct SharedPack
{
	SharedObject pack;
	SharedObject pages;
	int64		first_frame;	/* in CopyShared.frames */
	int			frame_count;
} SharedPack;

typedef struct SharedBadPage
{
	int			file;			/* of the set */
	BlockNumber block;
} SharedBadPage;

/* The counters. */
typedef struct CopyCounters
{
	int			next_item;		/* of the queue */
	int			pack_count;
	int64		frame_count;
	int64		bytes_done;
	int64		bad_page_count;
	SharedBadPage bad_pages[BAD_PAGE_LIMIT];
} CopyCounters;

typedef struct CopyShared
{
	const CopyRequest *request;
	unsigned char seed[PAGE_SEED_SIZE];
	int64		started_ms;
	int		   *queue;			/* indexes of files, in the order to copy them */
	int			queue_length;

	/* Shared memory; what is never used takes none. */
	CopyCounters *counters;
	CopyResult *results;
	SharedPack *packs;
	PackFrame  *frames;
} CopyShared;

/* What one of the processes does: takes files until there are no more. */
extern void copy_worker(void *shared);

#endif

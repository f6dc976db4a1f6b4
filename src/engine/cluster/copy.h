/*
 * Copies the files of a cluster into packs, by several processes side by side.
 */
#ifndef ERPGO_ENGINE_CLUSTER_COPY_H
#define ERPGO_ENGINE_CLUSTER_COPY_H

#include "cluster/file_set.h"
#include "cluster/page.h"
#include "repository/pack.h"

/* What is to be copied, and how. */
typedef struct CopyRequest
{
	const char *data_directory;
	const FileSet *set;
	BackupWriter *writer;
	int			jobs;			/* processes */
	int64		max_rate;		/* bytes a second; 0 for no limit */
	bool		checksums;		/* pages have them */
	XLogRecPtr	start;			/* pages from there on come from the WAL */
} CopyRequest;

typedef enum CopyState
{
	COPY_PENDING,
	COPY_GONE,					/* it vanished before it was opened */
	COPY_STORED
} CopyState;

/* What became of a file; one for each of the set. */
typedef struct CopyResult
{
	CopyState	state;
	PackPosition position;
	int64		size;			/* what was stored */
	char		sha256[SHA256_HEX_SIZE];
} CopyResult;

/* What was made. */
typedef struct Copy
{
	CopyResult *results;		/* one for each file of the set */
	int			pack_count;
	PackFrame **frames;			/* of each pack */
	int		   *frame_counts;
	int64		bad_page_count;
	BadPage    *bad_pages;		/* the first BAD_PAGE_LIMIT of them at most */
} Copy;

/*
 * Copies all files.  The objects are entries of the manifest, packs and the
 * hashes of their pages in the order of their numbers.  Progress is reported
 * as the phase "copying".
 */
extern Copy *cluster_copy(const CopyRequest *request);

#endif

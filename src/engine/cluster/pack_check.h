/*
 * Sinks that compare a pack with what the backup says of it.
 */
#ifndef ERPGO_ENGINE_CLUSTER_PACK_CHECK_H
#define ERPGO_ENGINE_CLUSTER_PACK_CHECK_H

#include "cluster/file_list.h"

/* The files of one pack, in the order in which they are there. */
typedef struct PackContent
{
	int			pack;
	char	   *name;			/* of the object */
	ListedFile *files;
	int			count;
	int			capacity;
	PackFrame  *frames;
	int			frame_count;
} PackContent;

/*
 * What the lists of a backup say of a pack; FAILURE_DAMAGED where they
 * contradict each other.
 */
extern PackContent *pack_content_read(Repository *repository, const Backup *backup,
									  const ManifestObject *object);

extern void pack_content_free(PackContent *content);

/* Compares the compressed frames that pass with their digests. */
extern Sink *frame_check_sink(Sink *next, const PackContent *content);

/*
 * The last sink of a chain: reads the plain bytes of the pack as a tar
 * archive and compares each member with the list; with digests, also its
 * content.  Anything else is FAILURE_DAMAGED.
 */
extern Sink *tar_check_sink(const PackContent *content, bool digests);

#endif

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

/* The order of files by their place in the packs, for qsort. */
extern int	listed_file_compare(const void *a, const void *b);

/* FAILURE_DAMAGED unless each file begins in the frame that the list says. */
extern void pack_content_check_frames(const PackContent *content);

/* Compares the compressed frames that pass with their digests. */
extern Sink *frame_check_sink(Sink *next, const PackContent *content);

/*
 * The last sink of a chain: reads the plain bytes of the pack as a tar
 * archive and compares each member with the list; with digests, also its
 * content.  Anything else is FAILURE_DAMAGED.
 */
extern Sink *tar_check_sink(const PackContent *content, bool digests);

/* What takes the members of a pack as they pass. */
typedef struct MemberTaker
{
	/* A member begins, by its index; its header is right. */
	void		(*begin) (void *context, int index);

	/* Some of its content. */
	void		(*write) (void *context, const void *data, size_t len);

	/* It has ended, and its content is what it was. */
	void		(*end) (void *context);
} MemberTaker;

/* The same with digests, and each member goes to a taker. */
extern Sink *tar_read_sink(const PackContent *content, const MemberTaker *taker,
						   void *context);

#endif

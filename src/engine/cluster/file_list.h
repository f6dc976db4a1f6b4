/*
 * The list of the files in a physical backup, as the backup stores it.
 */
#ifndef ERPGO_ENGINE_CLUSTER_FILE_LIST_H
#define ERPGO_ENGINE_CLUSTER_FILE_LIST_H

#include "cluster/copy.h"

/* An entry of the list. */
typedef struct ListedFile
{
	PackMember	member;			/* path, mode, time and size */
	char	   *source;			/* of a configuration file; or NULL */
	char		sha256[SHA256_HEX_SIZE];	/* "" of a directory */
	bool		is_stored;		/* it is in a pack: the position holds */
	PackPosition position;
} ListedFile;

/* Stores the list, and the frames of the packs. */
extern void file_list_store(BackupWriter *writer, const FileSet *set, const Copy *copy);

/*
 * Reads the list of a backup, and calls take for each entry, which may keep
 * what the entry points to.  Anything that does not hold is FAILURE_DAMAGED.
 */
typedef void (*ListedFileTaker) (void *context, const ListedFile *file);

extern void file_list_read(Repository *repository, const Backup *backup,
						   ListedFileTaker take, void *context);

/*
 * The frames of a pack, allocated; FAILURE_DAMAGED if the backup's list of
 * frames does not fit the pack.
 */
extern PackFrame *frame_list_read(Repository *repository, const Backup *backup,
								  int pack, int *count);

/* The object of a pack; NULL if there is none. */
extern const ManifestObject *manifest_pack(const Manifest *manifest, int number);

#endif

/*
 * Where the files of a backup are restored to: a data directory, folders of
 * tablespaces, and perhaps one for configuration files.
 *
 * Paths come from the backup, so nothing here follows a symbolic link below
 * these folders, and no path leads out of them.
 */
#ifndef ERPGO_ENGINE_CLUSTER_TARGET_H
#define ERPGO_ENGINE_CLUSTER_TARGET_H

#include "cluster/file_list.h"

/* The first two folders; those of tablespaces follow. */
#define TARGET_DATA 0
#define TARGET_CONFIG 1
#define TARGET_TABLESPACES 2

typedef struct TargetFolder
{
	char	   *path;			/* absolute */
	Oid			tablespace;		/* InvalidOid of the first two */
	int			fd;				/* -1 until it is opened */
} TargetFolder;

typedef struct Target
{
	TargetFolder *folders;
	int			count;
	int			mode;			/* of folders that the backup does not know */
} Target;

/* A place in one of the folders. */
typedef struct TargetPath
{
	int			folder;
	const char *path;			/* below it; "" is the folder itself */
} TargetPath;

/* A place, and one in the data directory. */
extern TargetPath target_path(int folder, const char *path);
extern TargetPath data_path(const char *path);

/* Where something in the list of a backup belongs. */
extern TargetPath target_locate(const Target *target, const ListedFile *file);

/* The absolute path of a place, for messages; allocated. */
extern char *target_text(const Target *target, TargetPath place);

/* Makes the folders that are missing, and opens all of them. */
extern void target_open(Target *target);

/*
 * Opens the folder that a place is in; -1 with errno where it cannot be.  With
 * create, what is missing on the way is made.
 */
extern int	target_open_parent(const Target *target, TargetPath place, bool create);

/* Opens what is there, with flags of open(); -1 with errno. */
extern int	target_open_existing(const Target *target, TargetPath place, int flags);

/* Makes a folder, or gives one that is there this mode. */
extern void target_make_folder(const Target *target, TargetPath place, int mode);

/* Begins a file that must not be there; the descriptor to write it by. */
extern int	target_create_file(const Target *target, TargetPath place, int mode);

/* What is added to the name of a file while its content is written. */
#define TARGET_ASIDE ".restoring"

/* Writes a small file, which may replace another one at once, durably. */
extern void target_write_file(const Target *target, TargetPath place, int mode,
							  const void *data, size_t len);

/*
 * The content of a small file, allocated, with a terminating zero; NULL if
 * there is none.
 */
extern char *target_read_file(const Target *target, TargetPath place, size_t *len);

/* Makes a symbolic link, unless there is the same one. */
extern void target_make_link(const Target *target, TargetPath place, const char *to);

/* What a symbolic link says, allocated; NULL if there is none. */
extern char *target_read_link(const Target *target, TargetPath place);

/* Removes a file or a link; no error if there is none. */
extern void target_remove_file(const Target *target, TargetPath place);

/* Makes a file or folder durable; no error if it is gone. */
extern void target_sync(const Target *target, TargetPath place);


#endif

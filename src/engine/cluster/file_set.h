/*
 * The files of a cluster: what a walk through its directory found.
 *
 * A file takes about a hundred bytes of memory here, whatever its size, so
 * that a hundred thousand relations need ten megabytes.
 */
#ifndef ERPGO_ENGINE_CLUSTER_FILE_SET_H
#define ERPGO_ENGINE_CLUSTER_FILE_SET_H

#include "postgres_fe.h"

typedef struct ClusterFile
{
	const char *path;			/* relative to the data directory */
	const char *source;			/* absolute, of a configuration file; or NULL */
	int64		size;			/* bytes; 0 of a directory */
	int64		mtime;			/* seconds since 1970 */
	uint32		segment;		/* of a relation */
	uint16		mode;			/* permissions */
	bool		is_directory;
	bool		is_member;		/* to be in a pack: all but folders of
								 * tablespaces */
	bool		has_pages;		/* it is a file of a relation */
} ClusterFile;

typedef struct FileSet
{
	ClusterFile *files;
	int			count;
	int			capacity;
	int64		bytes;			/* the sum of all sizes */
} FileSet;

/*
 * All files and directories of a cluster that belong into a backup, in byte
 * order of their paths.  What vanishes meanwhile is left out.  major is the
 * server's version, as 15.
 */
extern FileSet *cluster_walk(const char *data_directory, int major);

/*
 * Adds a configuration file that lies outside of the data directory; no error
 * if there is none, or "/dev/null".  The set has to be sorted afterwards.
 */
extern void file_set_add_config(FileSet *set, const char *path, const char *source);

/* Sorts by path; FAILURE_STATE if two have the same one. */
extern void file_set_sort(FileSet *set);

#endif

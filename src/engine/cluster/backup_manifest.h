/*
 * The file backup_manifest, by which PostgreSQL's own pg_verifybackup judges
 * a data directory.
 */
#ifndef ERPGO_ENGINE_CLUSTER_BACKUP_MANIFEST_H
#define ERPGO_ENGINE_CLUSTER_BACKUP_MANIFEST_H

#include "repository/manifest.h"

/* A file that the manifest names. */
typedef struct BackupManifestFile
{
	const char *path;			/* relative to the data directory, UTF-8 */
	int64		size;
	int64		mtime;			/* seconds since 1970 */
	const char *sha256;
} BackupManifestFile;

/* A manifest that is being written. */
typedef struct BackupManifestWriter BackupManifestWriter;

/*
 * Begins one, in the version of the format that the server of the backup has.
 * The text goes into a chain of sinks, which is neither finished nor released.
 */
extern BackupManifestWriter *backup_manifest_begin(Sink *into, const Manifest *manifest);

extern void backup_manifest_add(BackupManifestWriter *writer,
								const BackupManifestFile *file);

/* Ends it with the WAL that the backup needs, and its checksum. */
extern void backup_manifest_finish(BackupManifestWriter *writer);

/* Is a file one that pg_verifybackup looks at? */
extern bool backup_manifest_has(const char *path);

#endif

/*
 * A repository with backups in it, to test with.
 */
#ifndef ERPGO_TEST_UNIT_SAMPLE_H
#define ERPGO_TEST_UNIT_SAMPLE_H

#include "repository/repository.h"

#define MASTER "master key"
#define IDENTIFIER "7307061402344213589"

/* Identifiers, in their order. */
#define ID_A "20261122T180000Z-full"
#define ID_B "20261122T180001Z-data"
#define ID_C "20261123T000000Z-full"

/* How large the dump in a backup is. */
#define DATA_SIZE (3 * 1024 * 1024 + 17)

/* The directory of the repository. */
extern char *sample_directory;

/* Makes a repository (*state) with a cluster "main"; for setup and teardown. */
extern int	sample_open(void **state);
extern int	sample_close(void **state);

/* A manifest without objects. */
extern Manifest *sample_manifest(const char *id, Cipher cipher);

/*
 * Begins a backup that has globals, properties of databases and the dump of a
 * database "erp"; everything but the manifest is stored.
 */
extern BackupWriter *sample_begin(Repository *repository, const char *id,
								  Cipher cipher);

/* The same, and the manifest. */
extern void sample_backup(Repository *repository, const char *id,
						  Cipher cipher);

/* The path of an object of a backup. */
extern char *sample_path(const char *id, const char *name);

/* Adds an event to a backup, always of the same time. */
extern void sample_add_event(Repository *repository, const char *id,
							 EventKind kind, const char *key,
							 const char *value);

/* Passes if all objects of a backup have what was stored. */
extern void assert_reads_back(Repository *repository, const Backup *backup);

/* Passes if loading a backup fails so. */
extern void expect_load_failure(Repository *repository, const char *id,
								FailureKind kind, const char *message_part);

#endif

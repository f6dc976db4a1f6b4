/*
 * What a cluster says of itself: its pg_control and its WAL.
 */
#ifndef ERPGO_ENGINE_CLUSTER_CONTROL_H
#define ERPGO_ENGINE_CLUSTER_CONTROL_H

#include "repository/repository.h"

/* The size of pg_control. */
#define CONTROL_SIZE 8192

/*
 * Fails (FAILURE_DAMAGED, naming the object) unless these are the bytes of a
 * pg_control of the cluster with this system identifier.
 */
extern void control_check(const char *control, size_t len, const char *name,
						  const char *system_identifier);

/*
 * Fails (FAILURE_DAMAGED, naming the object) unless the label of a backup
 * begins where the manifest says that replay does.
 */
extern void label_check(const char *label, const char *name,
						const PhysicalBackup *physical);

/* The name of the segment of WAL with a position; allocated. */
extern char *wal_segment_name(const PhysicalBackup *physical, uint64 lsn);

/* The number of segments from that of start_lsn to that of stop_lsn. */
extern int64 wal_segment_count(const PhysicalBackup *physical);

/* The name of such a segment, counted from 0; allocated. */
extern char *wal_segment_name_at(const PhysicalBackup *physical, int64 index);

/*
 * Fails (FAILURE_DAMAGED, naming the object) unless this is the beginning of a
 * segment of WAL of that name.
 */
extern void physical_wal_check(const PhysicalBackup *physical, const char *segment,
							   const char *begin, const char *name,
							   const char *system_identifier);

/* How much of a segment that looks at. */
#define WAL_HEADER_SIZE 64

#endif

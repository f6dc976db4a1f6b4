/*
 * What a server is asked for when its files are backed up, by its own worker
 * or by the command line.
 */
#ifndef ERPGO_COMMON_PHYSICAL_QUERY_H
#define ERPGO_COMMON_PHYSICAL_QUERY_H

/* Where the configuration files are that lie outside of the data directory. */
#define PHYSICAL_CONFIG_FILES \
	"SELECT file FROM (" \
	" SELECT setting AS file FROM pg_catalog.pg_settings" \
	" WHERE name IN ('config_file', 'hba_file', 'ident_file')" \
	" UNION SELECT sourcefile FROM pg_catalog.pg_file_settings) AS files" \
	" WHERE file IS NOT NULL" \
	" AND NOT pg_catalog.starts_with(file, pg_catalog.current_setting('data_directory') || '/')"

/* OIDs and places of the tablespaces with a place of their own. */
#define PHYSICAL_TABLESPACES \
	"SELECT oid::pg_catalog.text, pg_catalog.pg_tablespace_location(oid) FROM pg_catalog.pg_tablespace" \
	" WHERE pg_catalog.starts_with(pg_catalog.pg_tablespace_location(oid), '/')"

/*
 * Begins a backup with a label and, or not, a fast checkpoint: its position,
 * the folder of the main configuration file, and whether there are checksums.
 */
#define PHYSICAL_START \
	"SELECT pg_catalog.pg_backup_start($1, $2::pg_catalog.bool)::pg_catalog.text," \
	" pg_catalog.regexp_replace(pg_catalog.current_setting('config_file'), '/[^/]*$', '')," \
	" pg_catalog.current_setting('data_checksums')"

/* Ends it: its position, the label and the map of tablespaces. */
#define PHYSICAL_STOP \
	"SELECT lsn::pg_catalog.text, labelfile, spcmapfile" \
	" FROM pg_catalog.pg_backup_stop(wait_for_archive => false)"

/* Keeps the WAL by a slot of this name that ends with the session. */
#define PHYSICAL_RESERVE_WAL \
	"SELECT pg_catalog.pg_create_physical_replication_slot($1, true, true)"

/* Is there a slot left for that?  A row if so. */
#define PHYSICAL_HAS_SLOT \
	"SELECT 1 WHERE pg_catalog.current_setting('max_replication_slots')::pg_catalog.int8" \
	" > (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots)"

/* Lets the WAL go. */
#define PHYSICAL_RELEASE_WAL \
	"SELECT pg_catalog.pg_drop_replication_slot(slot_name)" \
	" FROM pg_catalog.pg_replication_slots WHERE slot_name = $1"

#endif

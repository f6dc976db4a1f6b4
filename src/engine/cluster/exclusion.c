/*
 * What a physical backup leaves out.
 */
#include "cluster/exclusion.h"

#include "repository/instance.h"
#include "repository/sealing.h"

/* Of the running server, or made anew when it starts. */
static const char *const excluded_names[] = {
	"postgresql.auto.conf.tmp",
	"current_logfiles.tmp",
	"backup_label",
	"tablespace_map",
	"backup_manifest",
	"postmaster.pid",
	"postmaster.opts",
};

/*
 * Files for temporary tables and sorts, caches of the catalogs, and what tells
 * this data directory from its copies.
 */
static const char *const excluded_prefixes[] = {
	"pgsql_tmp",
	"pg_internal.init",
	INSTANCE_FILE,
	SIGNING_KEY_UNFINISHED,
};

/* What they hold is of no use to another start of the server. */
static const char *const emptied_folders[] = {
	"pg_dynshmem",
	"pg_notify",
	"pg_replslot",
	"pg_serial",
	"pg_snapshots",
	"pg_stat_tmp",
	"pg_subtrans",
	"pg_wal/archive_status",
	"pg_wal/summaries",
};

bool
is_excluded_name(const char *name)
{
	for (int i = 0; i < lengthof(excluded_names); i++)
	{
		if (strcmp(name, excluded_names[i]) == 0)
			return true;
	}
	for (int i = 0; i < lengthof(excluded_prefixes); i++)
	{
		if (strncmp(name, excluded_prefixes[i], strlen(excluded_prefixes[i])) == 0)
			return true;
	}
	return false;
}

bool
is_emptied_folder(const char *path)
{
	for (int i = 0; i < lengthof(emptied_folders); i++)
	{
		if (strcmp(path, emptied_folders[i]) == 0)
			return true;
	}
	return false;
}

bool
is_excluded_path(const char *path)
{
	if (strcmp(path, "global/pg_control") == 0)
		return true;

	/* Of the WAL only the folders that the server expects to be there. */
	return strncmp(path, "pg_wal/", 7) == 0 && !is_emptied_folder(path);
}

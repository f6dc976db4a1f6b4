/*
 * What a restored cluster is told besides its files: its settings, and the
 * manifest for pg_verifybackup.
 */
#include "command/restore_cluster.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/backup_manifest.h"
#include "cluster/control.h"
#include "repository/instance.h"

/* The file that ALTER SYSTEM writes. */
#define AUTO_CONF "postgresql.auto.conf"
/* The file that says where the others are. */
#define MAIN_CONF "postgresql.conf"

/* What precedes the lines that are added to a file. */
#define ADDED "\n# Added by erpgo_backup restore.\n"

int
cluster_file_mode(const ClusterRestore *restore)
{
	return S_IRUSR | S_IWUSR | (restore->target->mode & S_IRGRP);
}

/*
 * Appends a setting as a line of a configuration file.
 */
static void
append_setting(StringInfo lines, const char *name, const char *value)
{
	char	   *escaped = escape_single_quotes_ascii(value);

	appendStringInfo(lines, "%s = '%s'\n", name, escaped);
	free(escaped);
}

void
cluster_add_setting(ClusterRestore *restore, const char *name, const char *value)
{
	append_setting(&restore->settings, name, value);
}

/*
 * Appends lines to a configuration file, which may be missing.
 */
static void
append_to_file(const ClusterRestore *restore, TargetPath place, const char *lines)
{
	size_t		len;
	char	   *before = target_read_file(restore->target, place, &len);
	char	   *after = psprintf("%s%s%s", before == NULL ? "" : before, ADDED, lines);

	target_write_file(restore->target, place, cluster_file_mode(restore), after,
					  strlen(after));
	pfree(after);
	pg_free(before);
}

/*
 * The place of a configuration file from outside of the data directory; NULL
 * if the backup has none of that name.
 */
static const ListedFile *
find_config(const RestorePlan *plan, const char *name)
{
	for (int i = 0; i < plan->config_count; i++)
	{
		if (strcmp(target_locate(plan->target, &plan->configs[i]).path, name) == 0)
			return &plan->configs[i];
	}
	return NULL;
}

const char *
cluster_config_file(const ClusterRestore *restore)
{
	const Target *target = restore->target;
	const ListedFile *file = find_config(restore->plan, MAIN_CONF);

	if (file == NULL ||
		strcmp(target->folders[TARGET_CONFIG].path, target->folders[TARGET_DATA].path) == 0)
		return NULL;
	return target_text(target, target_locate(target, file));
}

/*
 * Adds the setting that names a configuration file, if the backup has it.
 */
static void
append_file_setting(const ClusterRestore *restore, StringInfo lines, const char *setting,
					const char *name)
{
	const ListedFile *file = find_config(restore->plan, name);

	if (file != NULL)
		append_setting(lines, setting,
					   target_text(restore->target, target_locate(restore->target, file)));
}

/*
 * Has the main configuration file name the restored files.  It may say where
 * the original's are: a server that reads it must not start there.
 */
static void
relocate_config(ClusterRestore *restore)
{
	const ListedFile *file = find_config(restore->plan, MAIN_CONF);
	StringInfoData lines;

	if (file == NULL)
		return;
	initStringInfo(&lines);
	append_setting(&lines, "data_directory", restore->target->folders[TARGET_DATA].path);
	append_file_setting(restore, &lines, "hba_file", "pg_hba.conf");
	append_file_setting(restore, &lines, "ident_file", "pg_ident.conf");
	append_setting(&lines, "external_pid_file", "");
	append_to_file(restore, target_locate(restore->target, file), lines.data);
	pfree(lines.data);
}

void
cluster_configure(ClusterRestore *restore)
{
	relocate_config(restore);
	initStringInfo(&restore->settings);
	if (!restore->request->take_over)
	{
		/* It must not write where the original does. */
		cluster_add_setting(restore, "archive_mode", "off");
		cluster_add_setting(restore, "erpgo_backup.enabled", "off");
	}
	cluster_configure_recovery(restore);
	if (restore->settings.len > 0)
		append_to_file(restore, data_path(AUTO_CONF), restore->settings.data);
}

/*
 * Adds a file with some content.
 */
static void
add_content(BackupManifestWriter *writer, const char *path, int64 mtime, const void *data,
			size_t len)
{
	Digest		digest;
	Sink	   *sink = digest_sink(NULL, &digest);
	BackupManifestFile entry = {
		.path = path,
		.size = len,
		.mtime = mtime,
		.sha256 = digest.sha256
	};

	sink_write(sink, data, len);
	sink_finish(sink);
	sink_release(sink);
	backup_manifest_add(writer, &entry);
}

/*
 * Adds a configuration file as it is in the target now, whatever it was in
 * the backup.
 */
static void
add_config(const ClusterRestore *restore, BackupManifestWriter *writer, const ListedFile *file)
{
	TargetPath	place = target_locate(restore->target, file);
	size_t		len;
	char	   *content = target_read_file(restore->target, place, &len);

	if (content == NULL)
		fail(FAILURE_STATE, NULL, "file \"%s\" vanished from the target", place.path);
	add_content(writer, place.path, file->member.mtime, content, len);
	pg_free(content);
}

/*
 * Adds the identity of the data directory, if it was given one.
 */
static void
add_instance(const ClusterRestore *restore, BackupManifestWriter *writer)
{
	size_t		len;
	char	   *content = target_read_file(restore->target, data_path(INSTANCE_FILE), &len);

	if (content != NULL)
		add_content(writer, INSTANCE_FILE, time_now_ms() / 1000, content, len);
	pg_free(content);
}

/*
 * Adds a file of the backup.
 */
static void
add_file(const ClusterRestore *restore, BackupManifestWriter *writer, const ListedFile *file)
{
	const TargetFolder *folders = restore->target->folders;
	TargetPath	place = target_locate(restore->target, file);
	BackupManifestFile entry = {
		.path = file->member.path,
		.size = file->member.size,
		.mtime = file->member.mtime,
		.sha256 = file->sha256
	};

	if (file->member.is_directory || !backup_manifest_has(place.path))
		return;
	if (place.folder != TARGET_CONFIG)
		backup_manifest_add(writer, &entry);
	else if (strcmp(folders[TARGET_CONFIG].path, folders[TARGET_DATA].path) == 0)
		add_config(restore, writer, file);
}

void
cluster_write_manifest(ClusterRestore *restore)
{
	const RestorePlan *plan = restore->plan;
	int64		ended = restore->backup->manifest->finished_ms / 1000;
	int			fd = target_create_file(restore->target, data_path("backup_manifest"),
										cluster_file_mode(restore));
	Sink	   *sink = fd_sink(fd, "backup_manifest", NULL);
	BackupManifestWriter *writer = backup_manifest_begin(sink, restore->backup->manifest);

	for (int i = 0; i < plan->count; i++)
	{
		if (plan->actions[i] != PLAN_SKIP)
			add_file(restore, writer, &plan->files[i]);
	}
	add_instance(restore, writer);
	add_content(writer, "backup_label", ended, restore->label, strlen(restore->label));
	add_content(writer, "global/pg_control", ended, restore->control, CONTROL_SIZE);
	backup_manifest_finish(writer);
	sink_release(sink);
	if (fsync(fd) != 0 || close(fd) != 0)
		fail_errno("could not write file \"backup_manifest\"");
}

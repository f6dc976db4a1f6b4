/*
 * The folders that a physical backup is restored to.
 */
#include "command/restore_cluster.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cluster/control.h"
#include "common/store_url.h"

/* What the file system needs beside the bytes of files, of a hundred. */
#define OVERHEAD_PERCENT 1

/* A file system that is to be written to. */
typedef struct Room
{
	dev_t		device;
	int64		needed;
} Room;

/*
 * Adds a folder to the target.
 */
static void
add_folder(Target *target, const char *path, Oid tablespace)
{
	TargetFolder *folder = &target->folders[target->count++];

	folder->path = make_absolute_path(path);
	folder->tablespace = tablespace;
	folder->fd = -1;
	if (folder->path == NULL || strpbrk(folder->path, "\r\n") != NULL)
		fail(FAILURE_USAGE, NULL, "\"%s\" cannot be the path of a folder", path);
}

void
cluster_choose_target(ClusterRestore *restore)
{
	const ClusterRequest *request = restore->request;
	const PhysicalBackup *physical = restore->backup->manifest->physical;
	Target	   *target = pg_malloc0(sizeof(Target));

	target->folders = pg_malloc0((TARGET_TABLESPACES + physical->tablespace_count) *
								 sizeof(TargetFolder));
	target->mode = S_IRWXU;
	add_folder(target, request->data_directory, InvalidOid);
	add_folder(target, request->config_directory != NULL ? request->config_directory :
			   request->data_directory, InvalidOid);
	for (int i = 0; i < physical->tablespace_count; i++)
		add_folder(target,
				   tablespace_mapping_apply(request->mappings, request->mapping_count,
											physical->tablespaces[i].location),
				   physical->tablespaces[i].oid);
	for (int i = 0; i < request->mapping_count; i++)
	{
		if (!request->mappings[i].used)
			fail(FAILURE_USAGE, "\"erpgo_backup show\" lists its tablespaces.",
				 "the backup has no tablespace at \"%s\"", request->mappings[i].from);
	}
	restore->target = target;
}

/*
 * Fails if the folders of tablespaces and the data directory lie in each
 * other.
 */
static void
check_overlap(const Target *target)
{
	for (int i = TARGET_TABLESPACES; i < target->count; i++)
	{
		for (int j = 0; j < i; j++)
		{
			const char *one = target->folders[i].path;
			const char *other = target->folders[j].path;

			if (path_is_within(one, other) || path_is_within(other, one))
				fail(FAILURE_STATE, "Send the tablespace elsewhere with --tablespace-mapping.",
					 "cannot restore a tablespace to \"%s\", because something else goes to \"%s\"",
					 one, other);
		}
	}
}

/*
 * Fails if the repository lies in the target, or the reverse.
 */
static void
check_outside_repository(const ClusterRestore *restore)
{
	const char *root = store_url_path(restore->repository->store->url);
	char	   *repository = root == NULL ? NULL : realpath(root, NULL);

	for (int i = 0; i < restore->target->count && repository != NULL; i++)
	{
		const char *path = restore->target->folders[i].path;
		char	   *folder = realpath(path, NULL);
		const char *known = folder == NULL ? path : folder;

		if (path_is_within(repository, known) || path_is_within(known, repository))
			fail(FAILURE_STATE, NULL,
				 "cannot restore to \"%s\", because the repository is at \"%s\"",
				 path, repository);
		free(folder);
	}
	free(repository);
}

/*
 * Fails if a server is running on the data directory.
 */
static void
check_not_running(const char *data_directory)
{
	char	   *path = psprintf("%s/postmaster.pid", data_directory);
	FILE	   *file = fopen(path, "r");
	int			pid = 0;

	if (file != NULL && fscanf(file, "%d", &pid) == 1 && pid != 0 &&
		(kill(abs(pid), 0) == 0 || errno == EPERM))
		fail(FAILURE_STATE,
			 psprintf("Stop the server first. If there is none, remove \"%s\".", path),
			 "cannot restore to \"%s\": a server (process %d) seems to be running there",
			 data_directory, abs(pid));
	if (file != NULL)
		fclose(file);
	pfree(path);
}

/*
 * Is a folder absent or empty?  Anything that is no folder is a failure.
 */
static bool
is_free(const char *path)
{
	int			state = pg_check_dir(path);

	if (state < 0)
		fail_errno("cannot restore to \"%s\"", path);
	return state <= 1;
}

/*
 * Is there nothing in a folder but what a restore leaves that was killed
 * before it could say what it restores?
 */
static bool
has_only_begun(const char *path)
{
	DIR		   *folder = opendir(path);
	struct dirent *entry;
	int			others = 0;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		others += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			strcmp(entry->d_name, RESTORE_MARKER TARGET_ASIDE) != 0;
	if (folder != NULL)
		closedir(folder);
	return folder != NULL && others == 0;
}

/*
 * The system identifier of the cluster that is in a data directory, or being
 * restored there; "" if there is none.
 */
static const char *
cluster_in(const char *data_directory)
{
	static char identifier[32];
	uint64		number = 0;
	FILE	   *file = fopen(psprintf("%s/%s", data_directory, RESTORE_MARKER), "r");

	identifier[0] = '\0';
	if (file != NULL && fscanf(file, "%20[0-9]", identifier) != 1)
		identifier[0] = '\0';
	if (file != NULL)
		fclose(file);
	if (identifier[0] != '\0')
		return identifier;

	/* pg_control begins with it. */
	file = fopen(psprintf("%s/global/pg_control", data_directory), "r");
	if (file != NULL && fread(&number, sizeof(number), 1, file) == 1)
		snprintf(identifier, sizeof(identifier), UINT64_FORMAT, number);
	if (file != NULL)
		fclose(file);
	return identifier;
}

/*
 * Fails unless the data directory may be written to.
 */
static void
check_data_directory(const ClusterRestore *restore)
{
	const char *path = restore->target->folders[TARGET_DATA].path;

	check_not_running(path);
	if (is_free(path) || has_only_begun(path))
		return;
	if (!restore->request->delta)
		fail(FAILURE_STATE,
			 "Name another directory, or use --delta to make this one what it was: what does not belong there is removed then.",
			 "cannot restore to \"%s\": it is not empty", path);
	if (strcmp(cluster_in(path), restore->repository->system_identifier) != 0)
		fail(FAILURE_STATE, "Name another directory.",
			 "cannot restore to \"%s\": it is neither empty nor a data directory of the same cluster",
			 path);
}

/*
 * Fails unless the folder of a tablespace may be written to: it is free, or
 * the cluster in the data directory uses it.
 */
static void
check_tablespace(const ClusterRestore *restore, const TargetFolder *folder)
{
	const char *data_directory = restore->target->folders[TARGET_DATA].path;
	char	   *link = psprintf("%s/pg_tblspc/%u", data_directory, folder->tablespace);
	char		to[MAXPGPATH];
	ssize_t		len;

	if (is_free(folder->path))
		return;
	len = readlink(link, to, sizeof(to) - 1);
	to[Max(len, 0)] = '\0';
	if (!restore->request->delta || strcmp(to, folder->path) != 0)
		fail(FAILURE_STATE, "Send the tablespace elsewhere with --tablespace-mapping.",
			 "cannot restore a tablespace to \"%s\": it is not empty", folder->path);
	pfree(link);
}

/*
 * Fails if configuration files that others use would be replaced.
 */
static void
check_config_directory(const ClusterRestore *restore)
{
	const RestorePlan *plan = restore->plan;
	struct stat status;

	for (int i = 0; i < plan->config_count && !restore->request->delta; i++)
	{
		char	   *path = target_text(plan->target,
									   target_locate(plan->target, &plan->configs[i]));

		if (lstat(path, &status) == 0)
			fail(FAILURE_STATE, "Move it away, or replace it with --delta.",
				 "cannot restore file \"%s\": it exists", path);
		pfree(path);
	}
}

void
cluster_check_target(ClusterRestore *restore)
{
	const Target *target = restore->target;

	/* The server does not start with files of others, nor as root. */
	if (geteuid() == 0)
		fail(FAILURE_STATE, "Restore as the user that the server is to run as.",
			 "cannot restore a data directory as root");
	check_overlap(target);
	check_outside_repository(restore);
	check_data_directory(restore);
	for (int i = TARGET_TABLESPACES; i < target->count; i++)
		check_tablespace(restore, &target->folders[i]);
	check_config_directory(restore);
}

/*
 * The file system that a folder is in, or will be in once it is made.
 */
static void
find_file_system(const char *path, struct stat *status, struct statvfs *space)
{
	char	   *existing = pg_strdup(path);

	while (stat(existing, status) != 0)
	{
		if (errno != ENOENT)
			fail_errno("could not examine \"%s\"", existing);
		get_parent_directory(existing);
	}
	if (statvfs(existing, space) != 0)
		fail_errno("could not examine the file system of \"%s\"", existing);
	pg_free(existing);
}

/*
 * The bytes that a folder of the target needs, beside those that it has.
 */
static int64
needed_bytes(const ClusterRestore *restore, int folder)
{
	const RestorePlan *plan = restore->plan;
	int64		needed = folder == TARGET_DATA ?
		plan->wal_count * restore->backup->manifest->physical->wal_segment_size : 0;

	for (int i = 0; i < plan->count; i++)
	{
		TargetPath	place = target_locate(plan->target, &plan->files[i]);
		char	   *path;
		struct stat status;

		if (place.folder != folder || plan->actions[i] != PLAN_WRITE)
			continue;
		path = target_text(plan->target, place);
		needed += plan->files[i].member.size;
		if (restore->request->delta && lstat(path, &status) == 0)
			needed -= Min(status.st_size, plan->files[i].member.size);
		pfree(path);
	}
	return needed + needed * OVERHEAD_PERCENT / 100;
}

void
cluster_check_room(ClusterRestore *restore)
{
	const Target *target = restore->target;
	Room	   *rooms = pg_malloc0(target->count * sizeof(Room));

	for (int i = 0; i < target->count; i++)
	{
		struct stat status;
		struct statvfs space;
		int64		available;
		int			room = 0;

		find_file_system(target->folders[i].path, &status, &space);
		available = (int64) space.f_bavail * space.f_frsize;
		while (rooms[room].needed > 0 && rooms[room].device != status.st_dev)
			room++;
		rooms[room].device = status.st_dev;
		rooms[room].needed += needed_bytes(restore, i);
		if (rooms[room].needed > available)
			fail(FAILURE_DISK_FULL, NULL,
				 "cannot restore to \"%s\": it needs %s, the file system has %s",
				 target->folders[i].path, bytes_text(rooms[room].needed),
				 bytes_text(available));
	}
	pg_free(rooms);
}

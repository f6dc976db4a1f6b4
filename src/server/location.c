/*
 * Where files are, decided by paths and the table of mounts alone.
 *
 * A repository may be on a file system whose server is gone.  A backend that
 * touched it would hang in the kernel, and with it every DROP DATABASE.
 */
#include "postgres.h"

#include <limits.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "common/store_url.h"
#include "location.h"
#include "repository_settings.h"
#include "settings.h"

/*
 * Does the path name the folder or something below it?
 */
static bool
is_below(const char *path, const char *folder)
{
	size_t		len = strlen(folder);

	/* The root ends with the slash that others lack. */
	if (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 &&
		(path[len] == '/' || path[len] == '\0');
}

/*
 * Is the path below a local folder, by its name or with links resolved?
 */
static bool
is_below_local(const char *path, const char *folder)
{
	char		resolved[PATH_MAX];

	return is_below(path, folder) ||
		(realpath(folder, resolved) != NULL && is_below(path, resolved));
}

char *
location_in_cluster(const char *path)
{
	DIR		   *directory;
	struct dirent *entry;
	char	   *found = NULL;

	if (is_below_local(path, DataDir))
		return pstrdup(DataDir);

	directory = AllocateDir("pg_tblspc");
	while (found == NULL &&
		   (entry = ReadDirExtended(directory, "pg_tblspc", LOG)) != NULL)
	{
		char		link[MAXPGPATH];
		char		target[MAXPGPATH];
		ssize_t		len;

		snprintf(link, sizeof(link), "pg_tblspc/%s", entry->d_name);
		len = readlink(link, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = '\0';
		if (is_below_local(path, target))
			found = pstrdup(target);
	}
	if (directory != NULL)
		FreeDir(directory);
	return found;
}

/*
 * The device of the mount that a path is on, as the kernel numbers it, from
 * an open table of mounts.  Empty if it cannot be told.
 */
static void
find_device(FILE *mounts, const char *path, char device[32])
{
	char		line[4096];
	char		name[32];
	char		point[2048];
	size_t		longest = 0;

	device[0] = '\0';
	rewind(mounts);
	while (fgets(line, sizeof(line), mounts) != NULL)
	{
		/* proc(5): mount ID, parent ID, major:minor, root, mount point */
		if (sscanf(line, "%*s %*s %31s %*s %2047s", name, point) != 2)
			continue;
		/* Of mounts on the same point the last one counts. */
		if (is_below(path, point) && strlen(point) >= longest)
		{
			longest = strlen(point);
			strlcpy(device, name, 32);
		}
	}
}

bool
location_same_filesystem(const char *a, const char *b)
{
	FILE	   *mounts = AllocateFile("/proc/self/mountinfo", "r");
	char		device_a[32];
	char		device_b[32];

	if (mounts == NULL)
		return false;
	find_device(mounts, a, device_a);
	find_device(mounts, b, device_b);
	FreeFile(mounts);
	return device_a[0] != '\0' && strcmp(device_a, device_b) == 0;
}

/*
 * Throws an error if a file or folder lies among the server's own files.
 */
static void
require_outside(const char *what, const char *path, const char *setting)
{
	char	   *folder = location_in_cluster(path);

	if (folder == NULL)
		return;
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("%s \"%s\" must not be inside \"%s\"", what, path, folder),
			errdetail("That folder belongs to the server's own data."),
			errhint("Change the setting %s.", setting));
}

void
location_require_outside(void)
{
	RepositoryList *list = settings_repositories();

	for (int i = 0; i < list->count; i++)
	{
		const char *path = store_url_path(list->repositories[i].url);

		if (path != NULL)
			require_outside("repository", path, "erpgo_backup.repository");
	}
	pfree(list);
	if (settings_secrets_file() != NULL)
		require_outside("secrets file", settings_secrets_file(),
						"erpgo_backup.secrets_file");
}

/*
 * Folders of a file store: opened beneath its directory, made, and removed.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "store/file_store.h"

void
file_close_quietly(int fd)
{
	int			saved_errno = errno;

	if (fd >= 0)
		close(fd);
	errno = saved_errno;
}

void
file_fail(FileStore *store, const char *action, const char *name)
{
	if (errno == ENOTDIR || errno == ELOOP)
		fail(FAILURE_DAMAGED,
			 "A repository consists of folders and regular files only. Move away what is in the way.",
			 "could not %s object \"%s\" in \"%s\": its path leads over something that is not a folder",
			 action, name, store->store.url);
	fail_errno("could not %s object \"%s\" in \"%s\"", action, name,
			   store->store.url);
}

const char *
file_last_component(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? name : slash + 1;
}

int
file_folder_sync(int folder)
{
	if (fsync(folder) == 0)
		return 0;

	/* Some network file systems cannot, and say so by these. */
	return errno == EBADF || errno == EINVAL ? 0 : -1;
}

/*
 * Opens a folder in a folder, or makes it first; -1 with errno on any error.
 */
static int
open_subfolder(int parent, const char *component, bool create)
{
	int			flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int			folder = openat(parent, component, flags);

	if (folder >= 0 || errno != ENOENT || !create)
		return folder;
	if (mkdirat(parent, component, S_IRWXU) != 0 && errno != EEXIST)
		return -1;
	if (file_folder_sync(parent) != 0)
		return -1;
	return openat(parent, component, flags);
}

int
file_folder_open(FileStore *store, const char *name, bool create)
{
	int			folder = fcntl(store->root, F_DUPFD_CLOEXEC, 3);
	const char *slash;

	while (folder >= 0 && (slash = strchr(name, '/')) != NULL)
	{
		char	   *component = pnstrdup(name, slash - name);
		int			parent = folder;

		folder = open_subfolder(parent, component, create);
		file_close_quietly(parent);
		pg_free(component);
		name = slash + 1;
	}
	return folder;
}

/*
 * Removes a folder if it is empty; false if it stays.
 */
static bool
remove_empty_folder(FileStore *store, const char *folder_name)
{
	int			parent = file_folder_open(store, folder_name, false);
	bool		removed;

	if (parent < 0)
		return false;
	removed = unlinkat(parent, file_last_component(folder_name),
					   AT_REMOVEDIR) == 0;
	if (removed)
		file_folder_sync(parent);
	close(parent);
	return removed;
}

void
file_folders_prune(FileStore *store, const char *name)
{
	char	   *folder_name = pg_strdup(name);
	char	   *slash;

	while ((slash = strrchr(folder_name, '/')) != NULL)
	{
		*slash = '\0';
		if (!remove_empty_folder(store, folder_name))
			break;
	}
	pg_free(folder_name);
}

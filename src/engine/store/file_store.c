/*
 * A store that is a directory of a file system.
 *
 * An object is a regular file (mode 0600) with the object's name; the slashes
 * in it are folders (mode 0700).
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "failure.h"
#include "store/file_store.h"

/* Reading in smaller pieces costs noticeably more. */
#define READ_SIZE (1024 * 1024)

/*
 * Opens the file of an object; -1 if there is no such object.
 */
static int
open_object(FileStore *store, const char *name)
{
	int			folder = file_folder_open(store, name, false);
	int			fd = -1;
	struct stat status;

	/* Opening a FIFO would block for ever. */
	if (folder >= 0)
		fd = openat(folder, file_last_component(name),
					O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	file_close_quietly(folder);
	if (fd < 0)
	{
		if (errno != ENOENT)
			file_fail(store, "open", name);
		return -1;
	}

	if (fstat(fd, &status) != 0)
		file_fail(store, "examine", name);
	if (!S_ISREG(status.st_mode))
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" in \"%s\" is damaged: it is not a regular file",
			 name, store->store.url);
	return fd;
}

/*
 * Reads a file to its end into a chain.
 */
static void
read_object(FileStore *store, const char *name, int fd, Sink *into)
{
	char	   *buffer = pg_malloc(READ_SIZE);
	ssize_t		len;

	(void) posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while ((len = read(fd, buffer, READ_SIZE)) != 0)
	{
		if (len > 0)
			sink_write(into, buffer, len);
		else if (errno != EINTR)
			file_fail(store, "read", name);
	}
	pg_free(buffer);
}

static bool
file_get(Store *store, const char *name, Sink *into)
{
	int			fd = open_object((FileStore *) store, name);

	if (fd < 0)
		return false;
	read_object((FileStore *) store, name, fd, into);
	close(fd);
	return true;
}

static void
file_remove(Store *store, const char *name)
{
	FileStore  *file_store = (FileStore *) store;
	int			folder = file_folder_open(file_store, name, false);

	if (folder < 0 && errno == ENOENT)
		return;
	if (folder < 0)
		file_fail(file_store, "remove", name);
	if (unlinkat(folder, file_last_component(name), 0) != 0 && errno != ENOENT)
		file_fail(file_store, "remove", name);
	if (file_folder_sync(folder) != 0)
		file_fail(file_store, "remove", name);
	close(folder);
	file_folders_prune(file_store, name);
}

static bool
file_rename(Store *store, const char *from, const char *to)
{
	FileStore  *file_store = (FileStore *) store;
	int			folder = file_folder_open(file_store, from, false);
	bool		renamed = false;

	if (folder >= 0)
		renamed = renameat(folder, file_last_component(from),
						   folder, file_last_component(to)) == 0;
	if (!renamed && errno != ENOENT)
		file_fail(file_store, "rename", from);
	if (renamed && file_folder_sync(folder) != 0)
		file_fail(file_store, "rename", from);
	file_close_quietly(folder);
	return renamed;
}

static void
file_forget(Store *store, const char *name)
{
	FileStore  *file_store = (FileStore *) store;
	int			fd = open_object(file_store, name);

	if (fd < 0)
		return;

	/* Pages that are not on the medium yet cannot be dropped. */
	if (fsync(fd) != 0)
		file_fail(file_store, "write", name);
	(void) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

static bool
file_space(Store *store, int64 *free, int64 *total)
{
	struct statvfs status;

	if (fstatvfs(((FileStore *) store)->root, &status) != 0)
		fail_errno("could not examine the file system of \"%s\"", store->url);
	*free = (int64) status.f_bavail * status.f_frsize;
	*total = (int64) status.f_blocks * status.f_frsize;
	return true;
}

static void
file_close(Store *store)
{
	close(((FileStore *) store)->root);
	pg_free(store->url);
	pg_free(store);
}

static const char *
no_credentials(Store *store)
{
	return NULL;
}

static const StoreOps file_store_ops = {
	.put = file_put,
	.get = file_get,
	.list = file_list,
	.remove = file_remove,
	.rename = file_rename,
	.sweep = file_sweep,
	.prune = file_prune,
	.forget = file_forget,
	.credentials = no_credentials,
	.space = file_space,
	.close = file_close
};

/*
 * Makes the name of a new directory durable, by the directory it is in.
 */
static void
sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char	   *parent = pnstrdup(path, Max(1, slash - path));
	int			fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || file_folder_sync(fd) != 0)
		fail_errno("could not fsync directory \"%s\"", parent);
	close(fd);
	pg_free(parent);
}

/*
 * Makes a directory and those above it that are missing.
 */
static void
make_directories(const char *path)
{
	size_t		len = 0;

	while (path[len] != '\0')
	{
		char	   *directory;

		len += 1 + strcspn(path + len + 1, "/");
		directory = pnstrdup(path, len);
		if (mkdir(directory, S_IRWXU) == 0)
			sync_parent(directory);
		else if (errno != EEXIST)
			fail_errno("could not create directory \"%s\"", directory);
		pg_free(directory);
	}
}

Store *
file_store_open(const char *url, const char *path, bool create)
{
	FileStore  *store;
	int			flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int			root = open(path, flags);

	if (root < 0 && errno == ENOENT && create)
	{
		make_directories(path);
		root = open(path, flags);
	}
	if (root < 0 && errno == ENOENT)
		fail(FAILURE_UNDEFINED,
			 "Correct the URL of the repository, or create or mount the directory.",
			 "repository \"%s\" does not exist", url);
	if (root < 0 && errno == ENOTDIR)
		fail(FAILURE_STATE, "Correct the URL of the repository, or move the file away.",
			 "repository \"%s\" is not a directory", url);
	if (root < 0)
		fail_errno("could not open repository \"%s\"", url);

	store = pg_malloc0(sizeof(FileStore));
	store->store.ops = &file_store_ops;
	store->store.url = pg_strdup(url);
	store->root = root;
	return &store->store;
}

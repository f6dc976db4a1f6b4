/*
 * Where the files of a backup are restored to.
 */
#include "cluster/target.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"

/* How folders are opened: never through a link. */
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* How often, and how far apart, another restore is waited for to be gone. */
#define LOCK_ATTEMPTS 50
#define LOCK_DELAY_US 100000

#define TABLESPACES "pg_tblspc/"
#define CONFIG "config/"

/* Small files that are read have this size at most. */
#define SMALL_FILE_LIMIT (16 * 1024 * 1024)

/*
 * Closes a descriptor and leaves errno alone.
 */
static void
close_quietly(int fd)
{
	int			saved_errno = errno;

	if (fd >= 0)
		close(fd);
	errno = saved_errno;
}

/*
 * Fails because something in the target could not be done.
 */
static void
fail_target(const Target *target, TargetPath place, const char *action)
{
	char	   *path = target_text(target, place);

	if (errno == ELOOP || errno == ENOTDIR)
		fail(FAILURE_STATE, "Something in the target was replaced. Move it away.",
			 "could not %s \"%s\": its path leads over something that is not a folder",
			 action, path);
	fail_errno("could not %s \"%s\"", action, path);
}

TargetPath
target_path(int folder, const char *path)
{
	TargetPath	place = {folder, path};

	return place;
}

TargetPath
data_path(const char *path)
{
	return target_path(TARGET_DATA, path);
}

/*
 * Where a path in the folder of tablespaces belongs; those inside of the data
 * directory are no folders of their own.
 */
static TargetPath
locate_in_tablespace(const Target *target, const char *path)
{
	char	   *end;
	unsigned long oid = strtoul(path + strlen(TABLESPACES), &end, 10);

	for (int i = TARGET_TABLESPACES; i < target->count; i++)
	{
		if (target->folders[i].tablespace == oid && (*end == '/' || *end == '\0'))
			return target_path(
							   i, *end == '/' ? end + 1 : end
				);
	}
	return data_path(path);
}

TargetPath
target_locate(const Target *target, const ListedFile *file)
{
	const char *path = file->member.path;

	if (file->source != NULL && strncmp(path, CONFIG, strlen(CONFIG)) == 0)
		return target_path(
						   TARGET_CONFIG, path + strlen(CONFIG)
			);
	if (strncmp(path, TABLESPACES, strlen(TABLESPACES)) == 0)
		return locate_in_tablespace(target, path);
	return data_path(path);
}

char *
target_text(const Target *target, TargetPath place)
{
	const char *folder = target->folders[place.folder].path;

	return place.path[0] == '\0' ? pg_strdup(folder) :
		psprintf("%s/%s", folder, place.path);
}

/*
 * Makes what is in a folder durable.
 */
static void
sync_folder(const char *path)
{
	int			fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		fail_errno("could not fsync directory \"%s\"", path);
	close(fd);
}

/*
 * Makes a folder that is missing, and those above it, and opens it.
 */
static void
open_folder(TargetFolder *folder, int mode)
{
	char	   *path = pg_strdup(folder->path);

	if (access(path, F_OK) != 0)
	{
		if (pg_mkdir_p(path, mode) != 0)
			fail_errno("could not create directory \"%s\"", folder->path);
		get_parent_directory(path);
		sync_folder(path);
	}
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0)
		fail_errno("could not open directory \"%s\"", folder->path);
	pg_free(path);
}

/*
 * Keeps others from restoring to the same folder as long as a process has it
 * open.  A process that was killed may take a moment to be gone.
 */
static void
lock_folder(const TargetFolder *folder)
{
	int			attempt = 0;

	while (flock(folder->fd, LOCK_EX | LOCK_NB) != 0)
	{
		/* Some network file systems have no such locks. */
		if (errno != EWOULDBLOCK)
			return;
		if (++attempt == LOCK_ATTEMPTS)
			fail(FAILURE_STATE, NULL, "cannot restore to \"%s\": another restore is at work there",
				 folder->path);
		pg_usleep(LOCK_DELAY_US);
	}
}

void
target_open(Target *target)
{
	bool		locked = target->folders[TARGET_DATA].fd >= 0;

	for (int i = 0; i < target->count; i++)
	{
		if (target->folders[i].fd < 0)
			open_folder(&target->folders[i], target->mode);
	}
	if (!locked)
		lock_folder(&target->folders[TARGET_DATA]);
}

/*
 * Opens a folder in a folder; -1 with errno.  With create it is made if it is
 * missing.
 */
static int
open_subfolder(const Target *target, int parent, const char *name, bool create)
{
	int			fd = openat(parent, name, FOLDER_FLAGS);

	if (fd >= 0 || errno != ENOENT || !create)
		return fd;
	if (mkdirat(parent, name, target->mode) != 0 && errno != EEXIST)
		return -1;
	return openat(parent, name, FOLDER_FLAGS);
}

int
target_open_parent(const Target *target, TargetPath place, bool create)
{
	int			fd = fcntl(target->folders[place.folder].fd, F_DUPFD_CLOEXEC, 3);
	const char *path = place.path;
	const char *slash;

	while (fd >= 0 && (slash = strchr(path, '/')) != NULL)
	{
		char	   *name = pnstrdup(path, slash - path);
		int			parent = fd;

		fd = open_subfolder(target, parent, name, create);
		close_quietly(parent);
		pfree(name);
		path = slash + 1;
	}
	return fd;
}

/*
 * The last component of a path; "." of the folder itself.
 */
static const char *
last_component(TargetPath place)
{
	const char *slash = strrchr(place.path, '/');

	if (place.path[0] == '\0')
		return ".";
	return slash == NULL ? place.path : slash + 1;
}

int
target_open_existing(const Target *target, TargetPath place, int flags)
{
	int			parent = target_open_parent(target, place, false);
	int			fd;

	if (parent < 0)
		return -1;
	fd = openat(parent, last_component(place),
				flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close_quietly(parent);
	return fd;
}

void
target_make_folder(const Target *target, TargetPath place, int mode)
{
	int			parent = target_open_parent(target, place, true);
	int			fd = parent < 0 ? -1 :
		open_subfolder(target, parent, last_component(place), true);

	if (fd < 0 || fchmod(fd, mode) != 0)
		fail_target(target, place, "create directory");
	close(fd);
	close(parent);
}

int
target_create_file(const Target *target, TargetPath place, int mode)
{
	int			parent = target_open_parent(target, place, true);
	int			fd = parent < 0 ? -1 :
		openat(parent, last_component(place),
		   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (fd < 0 || fchmod(fd, mode) != 0)
		fail_target(target, place, "create file");
	close(parent);
	return fd;
}

/*
 * Gives a file that was written aside its name, durably.
 */
static void
replace_file(const Target *target, TargetPath aside, TargetPath place)
{
	int			parent = target_open_parent(target, place, false);

	if (parent < 0 ||
		renameat(parent, last_component(aside), parent, last_component(place)) != 0 ||
		fsync(parent) != 0)
		fail_target(target, place, "create file");
	close(parent);
}

void
target_write_file(const Target *target, TargetPath place, int mode,
				  const void *data, size_t len)
{
	char	   *name = psprintf("%s" TARGET_ASIDE, place.path);
	TargetPath	aside = {place.folder, name};
	char	   *path = target_text(target, place);
	Sink	   *sink;
	int			fd;

	target_remove_file(target, aside);
	fd = target_create_file(target, aside, mode);
	sink = fd_sink(fd, path, NULL);
	sink_write(sink, data, len);
	sink_release(sink);
	if (fsync(fd) != 0 || close(fd) != 0)
		fail_target(target, place, "write file");
	replace_file(target, aside, place);
	pfree(path);
	pfree(name);
}

char *
target_read_file(const Target *target, TargetPath place, size_t *len)
{
	int			fd = target_open_existing(target, place, O_RDONLY);
	struct stat status;
	char	   *buffer;
	ssize_t		got;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &status) != 0)
		fail_target(target, place, "open file");
	if (!S_ISREG(status.st_mode) || status.st_size > SMALL_FILE_LIMIT)
		fail(FAILURE_STATE, NULL, "\"%s\" is not a small regular file",
			 target_text(target, place));
	buffer = pg_malloc(status.st_size + 1);
	got = pread(fd, buffer, status.st_size, 0);
	if (got < 0)
		fail_target(target, place, "read file");
	close(fd);
	buffer[got] = '\0';
	*len = got;
	return buffer;
}

char *
target_read_link(const Target *target, TargetPath place)
{
	int			parent = target_open_parent(target, place, false);
	char		to[MAXPGPATH];
	ssize_t		len = parent < 0 ? -1 :
		readlinkat(parent, last_component(place), to, sizeof(to));

	close_quietly(parent);
	if (len < 0 && (errno == ENOENT || errno == EINVAL || errno == ENOTDIR))
		return NULL;
	if (len < 0 || len == sizeof(to))
		fail_target(target, place, "read symbolic link");
	return pnstrdup(to, len);
}

void
target_make_link(const Target *target, TargetPath place, const char *to)
{
	char	   *there = target_read_link(target, place);
	int			parent = target_open_parent(target, place, true);

	if (there == NULL || strcmp(there, to) != 0)
	{
		target_remove_file(target, place);
		if (parent < 0 || symlinkat(to, parent, last_component(place)) != 0)
			fail_target(target, place, "create symbolic link");
	}
	close_quietly(parent);
	pg_free(there);
}

void
target_remove_file(const Target *target, TargetPath place)
{
	int			parent = target_open_parent(target, place, false);

	if ((parent < 0 || unlinkat(parent, last_component(place), 0) != 0) &&
		errno != ENOENT)
		fail_target(target, place, "remove file");
	close_quietly(parent);
}

void
target_sync(const Target *target, TargetPath place)
{
	int			fd = target_open_existing(target, place, O_RDONLY);

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0)
		fail_target(target, place, "open");
	if (fsync(fd) != 0)
		fail_target(target, place, "fsync");
	close(fd);
}

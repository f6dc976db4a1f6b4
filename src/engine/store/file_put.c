/*
 * Making an object of a file store.
 *
 * The bytes go into a file that has no name yet, so that nothing of it stays
 * if this process is killed; where the file system has no such files, or the
 * name may have to be taken from another object, it has a temporary name in
 * the folder where the object will be.  When all are there they are forced to
 * the disk, then the file gets its name in one step, then the folder is forced
 * to the disk: at no moment does the name stand for anything but the whole
 * object.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "store/file_store.h"
#include "store/unfinished.h"

/* How often a folder that somebody else removes meanwhile is made again. */
#define FOLDER_ATTEMPTS 10

/*
 * After so many bytes the kernel is told to begin writing, so that little is
 * left to do, and little of the page cache is dirty, at the end.
 */
#define WRITEBACK_SIZE (8 * 1024 * 1024)

typedef struct FilePut
{
	Sink		sink;
	FileStore  *store;
	char	   *name;
	PutMode		mode;
	int			folder;			/* descriptors */
	int			fd;
	char		temporary[64];	/* name in the folder; "" if it has none */
	bool		stored;			/* it has its name, and that is durable */
	off_t		written;
	off_t		written_back;
	Unfinished	unfinished;
} FilePut;

/*
 * Removes the temporary file, if the object was not stored, and the folders
 * that were made for it.
 */
static void
remove_temporary(void *context)
{
	FilePut    *put = context;

	if (put->stored)
		return;
	if (put->temporary[0] != '\0')
		unlinkat(put->folder, put->temporary, 0);
	put->temporary[0] = '\0';
	file_folders_prune(put->store, put->name);
}

/*
 * Opens a file without a name; false where there are none, or on any error,
 * which will show again.
 */
static bool
open_nameless(FilePut *put)
{
	put->temporary[0] = '\0';
	put->fd = openat(put->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC,
					 S_IRUSR | S_IWUSR);
	return put->fd >= 0;
}

/*
 * Creates a file with a temporary name; false with errno on any error.
 */
static bool
create_named(FilePut *put)
{
	uint64		random;

	if (!pg_strong_random(&random, sizeof(random)))
		fail(FAILURE_INTERNAL, NULL, "could not generate random bytes");
	snprintf(put->temporary, sizeof(put->temporary),
			 TEMPORARY_PREFIX "%d-%016llx", (int) getpid(),
			 (unsigned long long) random);
	put->fd = openat(put->folder, put->temporary,
					 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
					 S_IRUSR | S_IWUSR);
	return put->fd >= 0;
}

/*
 * Tries to create the file that the bytes go to; false with errno on any
 * error.
 */
static bool
create_temporary(FilePut *put)
{
	put->folder = file_folder_open(put->store, put->name, true);
	if (put->folder < 0)
		return false;
	if ((put->mode == PUT_NEW && open_nameless(put)) || create_named(put))
		return true;
	file_close_quietly(put->folder);
	return false;
}

/*
 * Starts to write back what has gathered; an error shows at the fsync.
 */
static void
begin_writeback(FilePut *put)
{
	if (put->written - put->written_back < WRITEBACK_SIZE)
		return;
	(void) sync_file_range(put->fd, put->written_back,
						   put->written - put->written_back,
						   SYNC_FILE_RANGE_WRITE);
	put->written_back = put->written;
}

static void
file_put_write(Sink *sink, const void *data, size_t len)
{
	FilePut    *put = (FilePut *) sink;
	const char *from = data;

	store_require_space(&put->store->store, len);
	while (len > 0)
	{
		ssize_t		count = write(put->fd, from, len);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			file_fail(put->store, "write", put->name);
		from += count;
		len -= count;
		put->written += count;
	}
	begin_writeback(put);
}

/*
 * Gives the file its name if nothing has it; 0, or -1 with errno.
 */
static int
publish_new(FilePut *put, const char *last)
{
	char		path[64];

	if (put->temporary[0] == '\0')
	{
		snprintf(path, sizeof(path), "/proc/self/fd/%d", put->fd);
		return linkat(AT_FDCWD, path, put->folder, last, AT_SYMLINK_FOLLOW);
	}
	if (linkat(put->folder, put->temporary, put->folder, last, 0) == 0)
		return unlinkat(put->folder, put->temporary, 0);

	/* File systems without hard links say this. */
	if (errno != EPERM && errno != EOPNOTSUPP)
		return -1;
	return renameat2(put->folder, put->temporary, put->folder, last,
					 RENAME_NOREPLACE);
}

/*
 * Gives the file its name; 0, or -1 with errno.
 */
static int
publish(FilePut *put)
{
	const char *last = file_last_component(put->name);

	if (put->mode == PUT_NEW)
		return publish_new(put, last);
	return renameat(put->folder, put->temporary, put->folder, last);
}

/*
 * Makes the folder again that somebody removed, because no name in it could
 * be seen.  False if that is not why the file got no name.
 */
static bool
restore_folder(FilePut *put)
{
	int			folder;

	if (errno != ENOENT || put->temporary[0] != '\0')
		return false;
	folder = file_folder_open(put->store, put->name, true);
	if (folder < 0)
		return false;
	close(put->folder);
	put->folder = folder;
	return true;
}

static void
file_put_finish(Sink *sink)
{
	FilePut    *put = (FilePut *) sink;
	int			fd = put->fd;
	int			attempts = 1;

	if (fsync(fd) != 0)
		file_fail(put->store, "write", put->name);
	while (publish(put) != 0)
	{
		if (attempts++ < FOLDER_ATTEMPTS && restore_folder(put))
			continue;
		if (errno == EEXIST)
			fail(FAILURE_DUPLICATE, NULL, "object \"%s\" already exists in \"%s\"",
				 put->name, put->store->store.url);
		file_fail(put->store, "store", put->name);
	}
	put->fd = -1;
	if (close(fd) != 0 || file_folder_sync(put->folder) != 0)
		file_fail(put->store, "store", put->name);
	put->temporary[0] = '\0';
	put->stored = true;
}

static void
file_put_release(Sink *sink)
{
	FilePut    *put = (FilePut *) sink;

	unfinished_end(&put->unfinished);
	file_close_quietly(put->fd);
	close(put->folder);
	pg_free(put->name);
	pg_free(put);
}

static const SinkOps file_put_ops = {
	.write = file_put_write,
	.finish = file_put_finish,
	.release = file_put_release
};

Sink *
file_put(Store *store, const char *name, PutMode mode)
{
	FilePut    *put = pg_malloc0(sizeof(FilePut));
	int			attempts = 1;

	put->sink.ops = &file_put_ops;
	put->store = (FileStore *) store;
	put->name = pg_strdup(name);
	put->mode = mode;
	while (!create_temporary(put))
	{
		/* Another process may have removed a folder that was empty. */
		if (errno != ENOENT || attempts++ == FOLDER_ATTEMPTS)
			file_fail(put->store, "create", name);
	}
	unfinished_begin(&put->unfinished, remove_temporary, put);
	return &put->sink;
}

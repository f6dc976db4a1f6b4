/*
 * Making an object on an SFTP server.
 *
 * The bytes go into a file with a temporary name in the folder where the object
 * will be.  When all are there the server forces them to its disk, if it knows
 * how, and the file gets its name in one step.  Where a connection is lost the
 * file is opened again, and written on from what the server had confirmed.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "failure.h"
#include "store/sftp_store.h"
#include "store/unfinished.h"

/* So much is on its way at a time. */
#define BUFFER_SIZE (1024 * 1024)

/* How often a folder that somebody else removes meanwhile is made again. */
#define FOLDER_ATTEMPTS 10

/* After so many bytes it is looked whether enough space stays free. */
#define SPACE_INTERVAL (32 * 1024 * 1024)

typedef struct SftpPut
{
	Sink		sink;
	SftpStore  *store;
	char	   *name;
	PutMode		mode;
	char	   *temporary;		/* path of the file */
	char	   *buffer;
	size_t		used;			/* bytes in the buffer */
	size_t		confirmed;		/* of these */
	int64		offset;			/* in the file, of the buffer */
	int64		next_look;		/* for space, at this offset */
	LIBSSH2_SFTP_HANDLE *handle;
	int			generation;		/* of the connection that it belongs to */
	bool		created;		/* there may be a file */
	bool		stored;
	Unfinished	unfinished;
} SftpPut;

/*
 * Removes the file, if the object was not stored, and the folders that were
 * made for it; should that fail, a sweep will do it.
 */
static void
remove_temporary(void *context)
{
	SftpPut    *put = context;
	SftpPaths	paths = {.path = put->temporary};

	if (!put->created || put->stored)
		return;
	sftp_try(&put->store->client, sftp_remove_file, &paths);
	sftp_prune_folders(put->store, put->name, true);
	put->created = false;
}

/*
 * Opens the file, anew or again, at the place where it is to be written: 0, or
 * an error of libssh2.
 */
static int
open_file(SftpClient *client, SftpPut *put)
{
	unsigned long flags = LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT;

	if (put->handle != NULL && put->generation == client->generation)
		return 0;

	/*
	 * The name is random: nobody else can have made it but an earlier
	 * attempt.
	 */
	if (!put->created)
		flags |= LIBSSH2_FXF_EXCL;
	put->created = true;
	put->handle = libssh2_sftp_open(client->sftp, put->temporary, flags,
									LIBSSH2_SFTP_S_IRUSR | LIBSSH2_SFTP_S_IWUSR);
	if (put->handle == NULL)
		return sftp_last_result(client);
	put->generation = client->generation;
	libssh2_sftp_seek64(put->handle, put->offset + put->confirmed);
	return 0;
}

/*
 * A step: writes what is in the buffer and not confirmed yet.
 */
static int
write_rest(SftpClient *client, void *context)
{
	SftpPut    *put = context;
	int			result = open_file(client, put);

	while (result == 0 && put->confirmed < put->used)
	{
		ssize_t		count = libssh2_sftp_write(put->handle, put->buffer + put->confirmed,
											   put->used - put->confirmed);

		if (count < 0)
			return (int) count;
		put->confirmed += count;
		client->progressed = true;
	}
	return result;
}

/*
 * Sees to it that the server has confirmed what is in the buffer.
 */
static void
empty_buffer(SftpPut *put)
{
	SftpClient *client = &put->store->client;
	int			attempts = 1;
	int			status;

	while ((status = sftp_do(client, write_rest, put, "store", put->name)) != LIBSSH2_FX_OK)
	{
		/* Another process may have removed a folder that was empty. */
		if ((status != LIBSSH2_FX_NO_SUCH_FILE && status != LIBSSH2_FX_NO_SUCH_PATH) ||
			put->offset + put->confirmed > 0 || attempts++ == FOLDER_ATTEMPTS)
			sftp_fail_write(put->store, status, put->name);
		put->created = false;
		sftp_make_folders(put->store, put->name);
	}
	put->offset += put->used;
	put->used = 0;
	put->confirmed = 0;
}

static void
sftp_put_write(Sink *sink, const void *data, size_t len)
{
	SftpPut    *put = (SftpPut *) sink;
	const char *from = data;

	if (put->buffer == NULL)
		put->buffer = pg_malloc(BUFFER_SIZE);
	while (len > 0)
	{
		size_t		taken = Min(len, BUFFER_SIZE - put->used);

		memcpy(put->buffer + put->used, from, taken);
		put->used += taken;
		from += taken;
		len -= taken;
		if (put->used < BUFFER_SIZE)
			continue;
		if (put->offset >= put->next_look)
		{
			store_require_space(&put->store->store, SPACE_INTERVAL);
			put->next_look = put->offset + SPACE_INTERVAL;
		}
		empty_buffer(put);
	}
}

/*
 * A step: has the server force the bytes to its disk, if it knows how.
 */
static int
sync_file(SftpClient *client, void *context)
{
	SftpPut    *put = context;
	int			result = open_file(client, put);

	if (result == 0)
		result = libssh2_sftp_fsync(put->handle);
	if (result == LIBSSH2_ERROR_SFTP_PROTOCOL &&
		libssh2_sftp_last_error(client->sftp) == LIBSSH2_FX_OP_UNSUPPORTED)
		return 0;
	return result;
}

/*
 * A step: closes the file, if it is open.
 */
static int
close_file(SftpClient *client, void *context)
{
	SftpPut    *put = context;
	LIBSSH2_SFTP_HANDLE *handle = put->handle;

	if (handle == NULL || put->generation != client->generation)
		return 0;
	put->handle = NULL;
	return libssh2_sftp_close(handle);
}

/*
 * Gives the file the name that another may have.
 */
static void
publish_over(SftpPut *put)
{
	SftpClient *client = &put->store->client;
	char	   *path = sftp_path(put->store, "", put->name);
	SftpPaths	paths = {.path = put->temporary, .other = path};
	int			status = sftp_do(client, sftp_rename_over, &paths, "store", put->name);

	/* An attempt whose answer was lost may have done it. */
	if (status != LIBSSH2_FX_OK && !(status == LIBSSH2_FX_NO_SUCH_FILE && client->repeated))
		sftp_fail(client, status, "store", put->name);
	pg_free(path);
}

static void
sftp_put_finish(Sink *sink)
{
	SftpPut    *put = (SftpPut *) sink;
	SftpClient *client = &put->store->client;
	int			status;

	if (put->offset == 0)
		store_require_space(&put->store->store, put->used);
	empty_buffer(put);
	status = sftp_do(client, sync_file, put, "store", put->name);
	if (status == LIBSSH2_FX_OK)
		status = sftp_do(client, close_file, put, "store", put->name);
	if (status != LIBSSH2_FX_OK)
		sftp_fail_write(put->store, status, put->name);
	if (put->mode == PUT_REPLACE)
		publish_over(put);
	else if (!sftp_publish_new(put->store, put->temporary, put->name))
		fail(FAILURE_DUPLICATE, NULL, "object \"%s\" already exists in \"%s\"",
			 put->name, put->store->store.url);
	put->stored = true;
}

static void
sftp_put_release(Sink *sink)
{
	SftpPut    *put = (SftpPut *) sink;

	if (unfinished_is_own(&put->unfinished))
		sftp_try(&put->store->client, close_file, put);
	unfinished_end(&put->unfinished);
	pg_free(put->buffer);
	pg_free(put->temporary);
	pg_free(put->name);
	pg_free(put);
}

static const SinkOps sftp_put_ops = {
	.write = sftp_put_write,
	.finish = sftp_put_finish,
	.release = sftp_put_release
};

Sink *
sftp_put(Store *store, const char *name, PutMode mode)
{
	SftpPut    *put = pg_malloc0(sizeof(SftpPut));
	char	   *folder = pnstrdup(name, sftp_folder_length(name));
	char	   *temporary;
	uint64		random;

	if (!pg_strong_random(&random, sizeof(random)))
		fail(FAILURE_INTERNAL, NULL, "could not generate random bytes");
	temporary = psprintf(SFTP_TEMPORARY_PREFIX "%016llx", (unsigned long long) random);
	put->sink.ops = &sftp_put_ops;
	put->store = (SftpStore *) store;
	put->name = pg_strdup(name);
	put->mode = mode;
	put->temporary = sftp_path(put->store, folder, temporary);
	pg_free(temporary);
	pg_free(folder);
	unfinished_begin(&put->unfinished, remove_temporary, put);
	return &put->sink;
}

/*
 * Getting an object from an SFTP server, which goes on where a connection was
 * lost.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "store/sftp_store.h"

/* libssh2 asks for several times as much ahead. */
#define READ_SIZE (512 * 1024)

/* An object on its way to a chain, over one or more connections. */
typedef struct SftpFetch
{
	SftpStore  *store;
	const char *name;
	Sink	   *into;
	char	   *path;
	char	   *buffer;
	int64		delivered;		/* bytes */
	LIBSSH2_SFTP_ATTRIBUTES attributes;
} SftpFetch;

/*
 * Takes what a look at the file says: it must be one, and the same one as
 * before.
 */
static void
check_file(SftpFetch *fetch, const LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
	if ((attributes->flags & LIBSSH2_SFTP_ATTR_PERMISSIONS) != 0 &&
		!LIBSSH2_SFTP_S_ISREG(attributes->permissions))
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" in \"%s\" is damaged: it is not a regular file",
			 fetch->name, fetch->store->store.url);
	if (fetch->delivered > 0 &&
		(attributes->filesize != fetch->attributes.filesize ||
		 attributes->mtime != fetch->attributes.mtime))
		fail(FAILURE_IO, NULL, "object \"%s\" in \"%s\" was replaced while it was read",
			 fetch->name, fetch->store->store.url);
	fetch->attributes = *attributes;
}

/*
 * Passes on what a file has from the present place to its end: 0, or an error
 * of libssh2.
 */
static int
deliver(SftpFetch *fetch, LIBSSH2_SFTP_HANDLE *handle)
{
	SftpClient *client = &fetch->store->client;
	int			generation = client->generation;
	ssize_t		len;

	while ((len = libssh2_sftp_read(handle, fetch->buffer, READ_SIZE)) > 0)
	{
		client->progressed = true;
		sink_write(fetch->into, fetch->buffer, len);
		fetch->delivered += len;

		/* Who takes the bytes may have used this connection as well. */
		if (client->generation != generation)
			return LIBSSH2_ERROR_SOCKET_DISCONNECT;
	}
	return (int) len;
}

/*
 * A step: gets what has not come yet.
 */
static int
fetch_rest(SftpClient *client, void *context)
{
	SftpFetch  *fetch = context;
	SftpPaths	paths = {.path = fetch->path};
	LIBSSH2_SFTP_HANDLE *handle;
	int			result = sftp_look(client, &paths);

	if (result != 0)
		return result;
	check_file(fetch, &paths.attributes);
	handle = libssh2_sftp_open(client->sftp, fetch->path, LIBSSH2_FXF_READ, 0);
	if (handle == NULL)
		return sftp_last_result(client);
	libssh2_sftp_seek64(handle, fetch->delivered);
	result = deliver(fetch, handle);
	if (result == 0)
		(void) libssh2_sftp_close(handle);
	return result;
}

bool
sftp_get(Store *store, const char *name, Sink *into)
{
	SftpFetch	fetch = {.store = (SftpStore *) store, .name = name, .into = into};
	SftpClient *client = &fetch.store->client;
	int			status;

	fetch.path = sftp_path(fetch.store, "", name);
	fetch.buffer = pg_malloc(READ_SIZE);
	status = sftp_do(client, fetch_rest, &fetch, "read", name);
	if (status != LIBSSH2_FX_OK &&
		(fetch.delivered > 0 ||
		 (status != LIBSSH2_FX_NO_SUCH_FILE && status != LIBSSH2_FX_NO_SUCH_PATH)))
		sftp_fail(client, status, "read", name);
	pg_free(fetch.buffer);
	pg_free(fetch.path);
	return status == LIBSSH2_FX_OK;
}

/*
 * A store that is a folder on an SFTP server.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "store/sftp_store.h"

/* Less than this is no space. */
#define LEAST_SPACE (1024 * 1024)

char *
sftp_path(SftpStore *store, const char *folder, const char *name)
{
	return psprintf("%s/%s%s", store->url.path, folder, name);
}

size_t
sftp_folder_length(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? 0 : slash + 1 - name;
}

void
sftp_fail_write(SftpStore *store, int status, const char *name)
{
	int64		available;
	int64		total;

	if (status == LIBSSH2_FX_FAILURE &&
		store_space(&store->store, &available, &total) && available < LEAST_SPACE)
		status = LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM;
	sftp_fail(&store->client, status, "store", name);
}

/*
 * Makes the folders that there are in a path, from a place in it on, before
 * each of its slashes.  Those that are there already are left alone.
 */
static void
make_folders(SftpStore *store, const char *path, const char *from,
			 const char *name)
{
	const char *slash = from;

	while ((slash = strchr(slash + 1, '/')) != NULL)
	{
		char	   *folder = pnstrdup(path, slash - path);
		SftpPaths	paths = {.path = folder};
		int			status = sftp_do(&store->client, sftp_make_folder, &paths, "create", name);

		/* Most servers say no more than this of a folder that is there. */
		if (status != LIBSSH2_FX_OK && status != LIBSSH2_FX_FAILURE &&
			status != LIBSSH2_FX_FILE_ALREADY_EXISTS &&
			sftp_do(&store->client, sftp_look, &paths, "examine", name) != LIBSSH2_FX_OK)
			sftp_fail(&store->client, status, "create", name);
		pg_free(folder);
	}
}

void
sftp_make_folders(SftpStore *store, const char *name)
{
	char	   *path = sftp_path(store, "", name);

	make_folders(store, path, path + strlen(store->url.path), name);
	pg_free(path);
}

void
sftp_prune_folders(SftpStore *store, const char *name, bool quietly)
{
	char	   *folder = pg_strdup(name);
	char	   *slash;
	int			status = LIBSSH2_FX_OK;

	while (status == LIBSSH2_FX_OK && (slash = strrchr(folder, '/')) != NULL)
	{
		char	   *path;
		SftpPaths	paths;

		*slash = '\0';
		path = sftp_path(store, "", folder);
		paths.path = path;
		if (quietly)
			sftp_try(&store->client, sftp_remove_folder, &paths);
		else
			status = sftp_do(&store->client, sftp_remove_folder, &paths, "remove", name);
		pg_free(path);
	}
	pg_free(folder);
}

bool
sftp_exists(SftpStore *store, const char *name,
			LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
	char	   *path = sftp_path(store, "", name);
	SftpPaths	paths = {.path = path};
	int			status = sftp_do(&store->client, sftp_look, &paths, "examine", name);

	if (status != LIBSSH2_FX_OK && status != LIBSSH2_FX_NO_SUCH_FILE &&
		status != LIBSSH2_FX_NO_SUCH_PATH)
		sftp_fail(&store->client, status, "examine", name);
	*attributes = paths.attributes;
	pg_free(path);
	return status == LIBSSH2_FX_OK;
}

static void
sftp_remove(Store *store, const char *name)
{
	SftpStore  *sftp_store = (SftpStore *) store;
	char	   *path = sftp_path(sftp_store, "", name);
	SftpPaths	paths = {.path = path};
	int			status = sftp_do(&sftp_store->client, sftp_remove_file, &paths, "remove", name);

	if (status == LIBSSH2_FX_OK)
		sftp_prune_folders(sftp_store, name, false);
	else if (status != LIBSSH2_FX_NO_SUCH_FILE && status != LIBSSH2_FX_NO_SUCH_PATH)
		sftp_fail(&sftp_store->client, status, "remove", name);
	pg_free(path);
}

static bool
sftp_rename(Store *store, const char *from, const char *to)
{
	SftpStore  *sftp_store = (SftpStore *) store;
	SftpClient *client = &sftp_store->client;
	char	   *from_path = sftp_path(sftp_store, "", from);
	char	   *to_path = sftp_path(sftp_store, "", to);
	SftpPaths	paths = {.path = from_path, .other = to_path};
	LIBSSH2_SFTP_ATTRIBUTES attributes;
	int			status = sftp_do(client, sftp_rename_over, &paths, "rename", from);
	bool		renamed = status == LIBSSH2_FX_OK;

	if (!renamed && status != LIBSSH2_FX_NO_SUCH_FILE)
		sftp_fail(client, status, "rename", from);

	/* An attempt whose answer was lost may have done it. */
	if (!renamed && client->repeated)
		renamed = sftp_exists(sftp_store, to, &attributes);
	pg_free(from_path);
	pg_free(to_path);
	return renamed;
}

/*
 * Nothing is kept on this side.
 */
static void
sftp_forget(Store *store, const char *name)
{
}

/*
 * What a server says of its file system.
 */
typedef struct SpaceAnswer
{
	const char *path;
	LIBSSH2_SFTP_STATVFS status;
} SpaceAnswer;

static int
ask_for_space(SftpClient *client, void *context)
{
	SpaceAnswer *answer = context;

	return libssh2_sftp_statvfs(client->sftp, answer->path, strlen(answer->path), &answer->status);
}

static bool
sftp_space(Store *store, int64 *free, int64 *total)
{
	SftpStore  *sftp_store = (SftpStore *) store;
	SpaceAnswer answer = {.path = sftp_store->url.path};

	/* Only some servers know. */
	if (sftp_do(&sftp_store->client, ask_for_space, &answer, "examine", NULL) != LIBSSH2_FX_OK ||
		answer.status.f_blocks == 0)
		return false;
	*free = (int64) (answer.status.f_bavail * answer.status.f_frsize);
	*total = (int64) (answer.status.f_blocks * answer.status.f_frsize);
	return true;
}

static const char *
sftp_credentials(Store *store)
{
	return sftp_credentials_source(&((SftpStore *) store)->client);
}

static void
sftp_close(Store *store)
{
	sftp_client_close(&((SftpStore *) store)->client);
	pg_free(store->url);
	pg_free(store);
}

static const StoreOps sftp_store_ops = {
	.put = sftp_put,
	.get = sftp_get,
	.list = sftp_list,
	.remove = sftp_remove,
	.rename = sftp_rename,
	.sweep = sftp_sweep,
	.prune = sftp_prune,
	.forget = sftp_forget,
	.space = sftp_space,
	.credentials = sftp_credentials,
	.close = sftp_close
};

/*
 * A step: looks at the folder of the repository, which may be a link.
 */
static int
look_at_root(SftpClient *client, void *context)
{
	SftpPaths  *paths = context;

	return libssh2_sftp_stat(client->sftp, paths->path, &paths->attributes);
}

/*
 * Sees that the folder of the repository is there, or makes it.
 */
static void
require_root(SftpStore *store, bool create)
{
	SftpPaths	paths = {.path = store->url.path};
	char	   *root = psprintf("%s/", store->url.path);
	int			status = sftp_do(&store->client, look_at_root, &paths, "open", NULL);

	if (status == LIBSSH2_FX_NO_SUCH_FILE && create)
	{
		make_folders(store, root, root, NULL);
		status = sftp_do(&store->client, look_at_root, &paths, "open", NULL);
	}
	if (status == LIBSSH2_FX_NO_SUCH_FILE)
		fail(FAILURE_UNDEFINED,
			 "Correct the URL of the repository, or create or mount the folder on the server.",
			 "repository \"%s\" does not exist", store->store.url);
	if (status != LIBSSH2_FX_OK)
		sftp_fail(&store->client, status, "open", NULL);
	if ((paths.attributes.flags & LIBSSH2_SFTP_ATTR_PERMISSIONS) != 0 &&
		!LIBSSH2_SFTP_S_ISDIR(paths.attributes.permissions))
		fail(FAILURE_STATE, "Correct the URL of the repository, or move the file away.",
			 "repository \"%s\" is not a directory", store->store.url);
	pg_free(root);
}

Store *
sftp_store_open(const char *url, const StoreAccess *access, bool create)
{
	SftpStore  *store = pg_malloc0(sizeof(SftpStore));
	const char *problem;

	if (!sftp_url_parse(url, &store->url, &problem))
		fail(FAILURE_USAGE, problem, "\"%s\" does not name a repository", url);
	store->store.ops = &sftp_store_ops;
	store->store.url = pg_strdup(url);
	store->client.shown_url = store->store.url;
	store->client.url = &store->url;
	store->client.access = *access;
	require_root(store, create);
	return &store->store;
}

/*
 * Doing something with a connection to an SFTP server, again where that may
 * help.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "failure.h"
#include "store/again.h"
#include "store/sftp_client.h"

#define SERVER_HINT "Check that the server is running, the URL of the repository, and the network."

int
sftp_last_result(SftpClient *client)
{
	int			result = libssh2_session_last_errno(client->session);

	return result == 0 ? LIBSSH2_ERROR_PROTO : result;
}

void
sftp_note_problem(SftpClient *client)
{
	char	   *said = NULL;
	const char *problem;
	int			result = libssh2_session_last_error(client->session, &said, NULL, 0);

	if (result == LIBSSH2_ERROR_TIMEOUT)
		problem = "server does not answer";
	else if (said == NULL || said[0] == '\0')
		problem = "connection was lost";
	else
		problem = said;
	strlcpy(client->problem, problem, sizeof(client->problem));
}

/*
 * Does it once, if need be with a new connection: the server's status, or
 * below 0 if the connection is of no use, and is dropped.
 */
static int
do_once(SftpClient *client, SftpStep step, void *context)
{
	int			generation;
	int			result;

	if (client->owner != getpid() && !sftp_connect(client))
		return LIBSSH2_ERROR_SOCKET_NONE;
	generation = client->generation;
	result = step(client, context);
	if (result == LIBSSH2_ERROR_SFTP_PROTOCOL)
		return (int) libssh2_sftp_last_error(client->sftp);
	if (result < 0 && client->generation == generation)
	{
		sftp_note_problem(client);
		sftp_disconnect(client, true);
	}
	return result;
}

/*
 * Fails because there is no connection.
 */
static void
fail_unreached(SftpClient *client, const char *action, const char *name)
{
	if (name == NULL)
		fail(FAILURE_IO, SERVER_HINT, "could not %s repository \"%s\": %s",
			 action, client->shown_url, client->problem);
	fail(FAILURE_IO, SERVER_HINT, "could not %s object \"%s\" in \"%s\": %s",
		 action, name, client->shown_url, client->problem);
}

int
sftp_do(SftpClient *client, SftpStep step, void *context, const char *action,
		const char *name)
{
	bool		repeated = false;

	for (int attempt = 1;; attempt++)
	{
		int			result;
		int64		delay_ms;

		client->progressed = false;
		result = do_once(client, step, context);
		client->repeated = repeated;
		if (result >= 0)
			return result;
		repeated = true;
		if (client->progressed)
			attempt = 1;
		if (!again_decide(client->reached, attempt, true, &delay_ms))
			fail_unreached(client, action, name);
		notice("debug", NULL, "attempt %d to reach repository \"%s\" failed: %s",
			   attempt, client->shown_url, client->problem);
		again_wait(delay_ms);
	}
}

void
sftp_try(SftpClient *client, SftpStep step, void *context)
{
	if (client->owner == getpid())
		(void) do_once(client, step, context);
}

void
sftp_client_close(SftpClient *client)
{
	if (client->owner == getpid())
		sftp_disconnect(client, false);
}

/*
 * What a status means, and what to do about it.
 */
static void
describe_status(int status, Failure *failure, const char **reason)
{
	static const struct
	{
		int			status;
		FailureKind kind;
		const char *reason;
		const char *hint;
	}			meanings[] = {
		{LIBSSH2_FX_NO_SUCH_FILE, FAILURE_UNDEFINED, "no such file or folder", NULL},
		{LIBSSH2_FX_NO_SUCH_PATH, FAILURE_UNDEFINED, "no such file or folder", NULL},
		{LIBSSH2_FX_PERMISSION_DENIED, FAILURE_PERMISSION, "permission denied",
		"The user of the URL needs to own the folder of the repository on the server."},
		{LIBSSH2_FX_WRITE_PROTECT, FAILURE_PERMISSION, "the file system is read-only", NULL},
		{LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM, FAILURE_DISK_FULL, "no space left on the server",
		"Free some space there, or keep fewer backups."},
		{LIBSSH2_FX_QUOTA_EXCEEDED, FAILURE_DISK_FULL, "the quota is exceeded",
		"Free some space there, or keep fewer backups."},
		{LIBSSH2_FX_OP_UNSUPPORTED, FAILURE_STATE, "the server does not know how",
		"A repository needs a server with the extension posix-rename@openssh.com, as that of OpenSSH."},
		{LIBSSH2_FX_NOT_A_DIRECTORY, FAILURE_DAMAGED, "its path leads over something that is not a folder", NULL},
	};

	failure->kind = FAILURE_IO;
	*reason = NULL;
	for (int i = 0; i < lengthof(meanings); i++)
	{
		if (meanings[i].status != status)
			continue;
		failure->kind = meanings[i].kind;
		failure->hint = meanings[i].hint;
		*reason = meanings[i].reason;
	}
}

void
sftp_fail(SftpClient *client, int status, const char *action, const char *name)
{
	Failure		failure = {0};
	const char *reason;

	describe_status(status, &failure, &reason);
	if (reason == NULL)
		reason = psprintf("server responded with status %d", status);
	if (name == NULL)
		failure.message = psprintf("could not %s repository \"%s\": %s", action,
								   client->shown_url, reason);
	else
		failure.message = psprintf("could not %s object \"%s\" in \"%s\": %s",
								   action, name, client->shown_url, reason);
	fail_with(&failure);
}

int
sftp_look(SftpClient *client, void *context)
{
	SftpPaths  *paths = context;

	return libssh2_sftp_lstat(client->sftp, paths->path, &paths->attributes);
}

int
sftp_make_folder(SftpClient *client, void *context)
{
	SftpPaths  *paths = context;

	return libssh2_sftp_mkdir(client->sftp, paths->path, LIBSSH2_SFTP_S_IRWXU);
}

int
sftp_remove_folder(SftpClient *client, void *context)
{
	SftpPaths  *paths = context;

	return libssh2_sftp_rmdir(client->sftp, paths->path);
}

int
sftp_remove_file(SftpClient *client, void *context)
{
	SftpPaths  *paths = context;

	return libssh2_sftp_unlink(client->sftp, paths->path);
}

int
sftp_rename_new(SftpClient *client, void *context)
{
	SftpPaths  *paths = context;

	/* Version 3 of the protocol has no flags: the new name must be free. */
	return libssh2_sftp_rename_ex(client->sftp, paths->path, strlen(paths->path),
								  paths->other, strlen(paths->other), 0);
}

/*
 * A connection to an SFTP server, and doing something with it, again where
 * that may help.
 *
 * The TCP connection is made by libcurl, what is spoken over it is libssh2's:
 * libcurl's own SFTP has neither fsync nor the sizes and times of files, and
 * follows links.
 */
#ifndef ERPGO_ENGINE_STORE_SFTP_CLIENT_H
#define ERPGO_ENGINE_STORE_SFTP_CLIENT_H

#include "postgres_fe.h"

#include <curl/curl.h>
#include <libssh2.h>
#include <libssh2_sftp.h>

#include "common/sftp_url.h"
#include "store/store.h"

typedef struct SftpClient
{
	const char *shown_url;		/* for messages */
	const SftpUrl *url;
	StoreAccess access;
	CURL	   *tcp;			/* has the socket */
	LIBSSH2_SESSION *session;
	LIBSSH2_SFTP *sftp;
	pid_t		owner;			/* the process whose they are; 0 if there is
								 * no connection */
	int			generation;		/* of the connection: handles end with it */
	bool		reached;		/* the server has let us in before */
	bool		progressed;		/* a step got further than those before it */
	bool		repeated;		/* the last thing took more than one attempt */
	char		problem[256];	/* why there is no connection */
} SftpClient;

/*
 * One thing to do with a connection: 0, an error of libssh2 (below 0), or a
 * status of the server (LIBSSH2_FX_…).  Whoever has it done again starts it
 * from the beginning.
 */
typedef int (*SftpStep) (SftpClient *client, void *context);

/* A thing to do with one path, or two. */
typedef struct SftpPaths
{
	const char *path;
	const char *other;
	LIBSSH2_SFTP_ATTRIBUTES attributes; /* of what is there */
} SftpPaths;

/*
 * Does it, with a new connection if there is none or it is lost; fails if
 * that does not come about: action, as "store", could not be done to an object
 * (NULL: to the repository as such).  The result is the server's status.
 */
extern int	sftp_do(SftpClient *client, SftpStep step, void *context,
					const char *action, const char *name);

/* Does it if there is a connection, and says nothing. */
extern void sftp_try(SftpClient *client, SftpStep step, void *context);

/* Fails as a status of the server says. */
extern void sftp_fail(SftpClient *client, int status, const char *action,
					  const char *name)
			__attribute__((noreturn));

/* Notes what libssh2 says of the last error. */
extern void sftp_note_problem(SftpClient *client);

/* What a function of libssh2 that gave no handle came to. */
extern int	sftp_last_result(SftpClient *client);

/*
 * Makes a connection, and proves who is there: true, or false with the
 * problem, if it may pass.  What does not pass is a failure.
 */
extern bool sftp_connect(SftpClient *client);

/* Forgets the connection; unless it is dead, the server is told. */
extern void sftp_disconnect(SftpClient *client, bool dead);

/* Ends the connection, if it is this process's. */
extern void sftp_client_close(SftpClient *client);

/* Has the server shown the key that it should?  The key is noted if not. */
extern bool sftp_host_key_is_right(SftpClient *client, char shown[SFTP_FINGERPRINT_SIZE]);

/* Lets the server know who we are: a failure if it does not let us in. */
extern int	sftp_authenticate(SftpClient *client);

/* Which secret is shown to the server; fails if there is none. */
extern const char *sftp_credentials_source(SftpClient *client);

/* Steps, with SftpPaths. */
extern int	sftp_look(SftpClient *client, void *paths);
extern int	sftp_make_folder(SftpClient *client, void *paths);
extern int	sftp_remove_folder(SftpClient *client, void *paths);
extern int	sftp_remove_file(SftpClient *client, void *paths);

/* Gives a file a name that must be free. */
extern int	sftp_rename_new(SftpClient *client, void *paths);

/* Gives a file a name, which it takes from another one at once. */
extern int	sftp_rename_over(SftpClient *client, void *paths);

#endif

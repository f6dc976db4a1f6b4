/*
 * Small files that somebody configured: secrets, keys, certificates.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "repository/small_file.h"

/*
 * Refuses a file whose owner could be somebody else.
 */
static void
require_owner(const char *what, const char *path, const struct stat *status)
{
	if (status->st_uid != geteuid() && status->st_uid != 0)
		fail(FAILURE_PERMISSION,
			 "The file must belong to the user that runs the server, or to root.",
			 "%s \"%s\" belongs to another user", what, path);
}

/*
 * Refuses a file that somebody else could have read or written.
 */
static void
require_private(const char *what, const char *path, const struct stat *status)
{
	require_owner(what, path, status);
	if (status->st_mode & (S_IRWXO | S_IWGRP))
		fail(FAILURE_PERMISSION,
			 "Run \"chmod 0600\" on the file, and change what is in it if others may have read it.",
			 "%s \"%s\" is open to others: its mode is %04o", what, path,
			 (unsigned int) (status->st_mode & 07777));
}

/*
 * Opens a regular file that is small; *status says more of it.
 */
static int
open_small(const char *what, const char *path, struct stat *status)
{
	int			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		fail_errno("could not open %s \"%s\"", what, path);
	if (fstat(fd, status) != 0)
		fail_errno("could not examine %s \"%s\"", what, path);
	if (!S_ISREG(status->st_mode))
		fail(FAILURE_PERMISSION, NULL,
			 "%s \"%s\" is not a regular file", what, path);
	if (status->st_size > SMALL_FILE_LIMIT)
		fail(FAILURE_STATE, NULL, "%s \"%s\" is larger than %d bytes",
			 what, path, SMALL_FILE_LIMIT);
	return fd;
}

/*
 * Reads an open file to its end, and closes it.
 */
static char *
read_and_close(int fd, const char *what, const char *path, size_t *len)
{
	char	   *content = pg_malloc(SMALL_FILE_LIMIT + 1);
	ssize_t		count;

	*len = 0;
	while ((count = read(fd, content + *len, SMALL_FILE_LIMIT - *len)) > 0)
		*len += count;
	if (count < 0)
		fail_errno("could not read %s \"%s\"", what, path);
	close(fd);
	content[*len] = '\0';
	return content;
}

char *
small_file_read(const char *what, const char *path, size_t *len)
{
	struct stat status;
	int			fd = open_small(what, path, &status);

	return read_and_close(fd, what, path, len);
}

char *
secret_file_read(const char *what, const char *path, size_t *len)
{
	struct stat status;
	int			fd = open_small(what, path, &status);

	require_private(what, path, &status);
	return read_and_close(fd, what, path, len);
}

char *
trusted_file_read(const char *what, const char *path, size_t *len)
{
	struct stat status;
	int			fd = open_small(what, path, &status);

	require_owner(what, path, &status);
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		fail(FAILURE_PERMISSION, "Run \"chmod go-w\" on the file, and see whether it is still the right one.",
			 "%s \"%s\" can be written by others: its mode is %04o", what, path,
			 (unsigned int) (status.st_mode & 07777));
	return read_and_close(fd, what, path, len);
}

void
small_file_forget(char *content)
{
	OPENSSL_cleanse(content, SMALL_FILE_LIMIT + 1);
	pg_free(content);
}

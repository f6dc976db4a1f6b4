/*
 * The signing key of a data directory: a file with 64 digits that only the
 * server's user can read.  It is part of physical backups, so that a restored
 * server goes on with the seal and the WAL archive of the lost one.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include "common/file_utils.h"
#include "failure.h"
#include "repository/signing_key.h"
#include "repository/small_file.h"

/*
 * The path of the file; allocated.
 */
static char *
key_path(const char *data_directory)
{
	return psprintf("%s/" SIGNING_KEY_FILE, data_directory);
}

char *
signing_key_read(const char *data_directory)
{
	char	   *path = key_path(data_directory);
	char	   *content;
	char	   *key;
	size_t		len;

	if (access(path, F_OK) != 0 && errno == ENOENT)
	{
		pg_free(path);
		return NULL;
	}
	content = secret_file_read("signing key", path, &len);
	if (len > 0 && content[len - 1] == '\n')
		content[len - 1] = '\0';
	if (!hex_is_valid(content, KEY_HEX_SIZE - 1))
		fail(FAILURE_STATE, "If it is lost, remove the file: the next backup is signed by a new key.",
			 "file \"%s\" does not hold a signing key", path);
	key = pg_strdup(content);
	small_file_forget(content);
	pg_free(path);
	return key;
}

/*
 * Writes a new key into a file that nobody uses yet.
 */
static void
write_key(const char *path)
{
	char		content[KEY_HEX_SIZE];
	int			fd;

	key_generate(content);
	content[KEY_HEX_SIZE - 1] = '\n';
	(void) unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		fail_errno("could not create file \"%s\"", path);
	if (write(fd, content, sizeof(content)) != sizeof(content) || fsync(fd) != 0)
	{
		int			saved_errno = errno;

		(void) unlink(path);
		errno = saved_errno;
		fail_errno("could not write file \"%s\"", path);
	}
	close(fd);
	OPENSSL_cleanse(content, sizeof(content));
}

char *
signing_key_make(const char *data_directory)
{
	char	   *path = key_path(data_directory);
	char	   *new_path = psprintf("%s/" SIGNING_KEY_UNFINISHED "%d", data_directory, (int) getpid());
	char	   *key;
	int			result;
	int			saved_errno;

	write_key(new_path);
	result = link(new_path, path);
	saved_errno = errno;
	(void) unlink(new_path);
	errno = saved_errno;
	if (result != 0 && errno != EEXIST)
		fail_errno("could not create file \"%s\"", path);
	if (fsync_fname(data_directory, true) != 0)
		fail_errno("could not write directory \"%s\"", data_directory);
	key = signing_key_read(data_directory);
	if (key == NULL)
		fail(FAILURE_STATE, NULL, "file \"%s\" was removed while it was used", path);
	pg_free(new_path);
	pg_free(path);
	return key;
}

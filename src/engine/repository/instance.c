/*
 * The identity of a data directory: 128 random bits, with the machine and the
 * inode for which they were made.
 */
#include "repository/instance.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file_utils.h"
#include "failure.h"
#include "repository/keys.h"

#define ID_DIGITS (INSTANCE_ID_SIZE - 1)
#define CONTENT_SIZE 128

/* Its bytes are said to be confidential, so only their digest is written. */
#define MACHINE_ID_FILE "/etc/machine-id"

/*
 * The machine, as digits; a container may have none, and all of those are one.
 */
static void
read_machine(char machine[INSTANCE_ID_SIZE])
{
	char		content[CONTENT_SIZE] = "erpgo_backup instance ";
	char		digest[SHA256_HEX_SIZE];
	size_t		len = strlen(content);
	int			fd = open(MACHINE_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t		more = fd < 0 ? 0 : read(fd, content + len, sizeof(content) - len);

	if (fd >= 0)
		close(fd);
	sha256_hex(content, len + Max(more, 0), digest);
	strlcpy(machine, digest, INSTANCE_ID_SIZE);
}

/*
 * What follows the identity in its file: machine and inode; allocated.
 */
static char *
describe_place(const char *data_directory)
{
	struct stat state;
	char		machine[INSTANCE_ID_SIZE];

	if (stat(data_directory, &state) != 0)
		fail_errno("could not read directory \"%s\"", data_directory);
	read_machine(machine);
	return psprintf(" %s %llu\n", machine, (unsigned long long) state.st_ino);
}

/*
 * Reads the file, if there is one; the content ends with a zero.
 */
static bool
read_content(const char *path, char content[CONTENT_SIZE])
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t		len;

	if (fd < 0 && errno == ENOENT)
		return false;
	if (fd < 0)
		fail_errno("could not open file \"%s\"", path);
	len = read(fd, content, CONTENT_SIZE - 1);
	if (len < 0)
		fail_errno("could not read file \"%s\"", path);
	close(fd);
	content[len] = '\0';
	return true;
}

/*
 * Writes a new identity into a file that nobody uses yet; returns its path,
 * allocated.
 */
static char *
write_new(const char *data_directory, char id[INSTANCE_ID_SIZE])
{
	char	   *path = psprintf("%s/" INSTANCE_FILE ".%d", data_directory, (int) getpid());
	char	   *place = describe_place(data_directory);
	char	   *content;
	int			fd;

	random_hex(id, ID_DIGITS);
	content = psprintf("%s%s", id, place);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fail_errno("could not create file \"%s\"", path);
	if (write(fd, content, strlen(content)) != strlen(content) || fsync(fd) != 0)
	{
		int			saved_errno = errno;

		unlink(path);
		errno = saved_errno;
		fail_errno("could not write file \"%s\"", path);
	}
	close(fd);
	pg_free(content);
	pg_free(place);
	return path;
}

/*
 * Gives a data directory that has none an identity.  Another process may do
 * the same: the first one wins.
 */
static void
create(const char *data_directory, const char *path)
{
	char		id[INSTANCE_ID_SIZE];
	char	   *new_path = write_new(data_directory, id);
	int			result = link(new_path, path);
	int			saved_errno = errno;

	unlink(new_path);
	errno = saved_errno;
	if (result != 0 && errno != EEXIST)
		fail_errno("could not create file \"%s\"", path);
	if (fsync_fname(data_directory, true) != 0)
		fail_errno("could not write directory \"%s\"", data_directory);
	pg_free(new_path);
}

bool
instance_read(const char *data_directory, char id[INSTANCE_ID_SIZE])
{
	char	   *path = psprintf("%s/" INSTANCE_FILE, data_directory);
	char	   *place = describe_place(data_directory);
	char		content[CONTENT_SIZE];
	bool		is_here;

	if (!read_content(path, content))
	{
		create(data_directory, path);
		if (!read_content(path, content))
			fail(FAILURE_STATE, NULL, "file \"%s\" was removed while it was used", path);
	}
	strlcpy(id, content, INSTANCE_ID_SIZE);
	if (!hex_is_valid(id, ID_DIGITS))
		id[0] = '\0';
	is_here = id[0] != '\0' && strcmp(content + ID_DIGITS, place) == 0;
	pg_free(path);
	pg_free(place);
	return is_here;
}

void
instance_renew(const char *data_directory, char id[INSTANCE_ID_SIZE])
{
	char	   *path = psprintf("%s/" INSTANCE_FILE, data_directory);
	char	   *new_path = write_new(data_directory, id);

	if (rename(new_path, path) != 0)
		fail_errno("could not rename file \"%s\" to \"%s\"", new_path, path);
	if (fsync_fname(data_directory, true) != 0)
		fail_errno("could not write directory \"%s\"", data_directory);
	pg_free(new_path);
	pg_free(path);
}

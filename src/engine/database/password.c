/*
 * How libpq, here and in the programs that are started, gets the password.
 *
 * The file is in shared memory, so that the password never reaches a disk,
 * and locked as long as its process lives.  Where a process was killed before
 * it could remove its file, the next one does.
 */
#include "postgres_fe.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database/connection.h"
#include "failure.h"
#include "lib/stringinfo.h"
#include "repository/secrets.h"

#define FILE_PREFIX "erpgo_backup_password_"

static char *password_path = NULL;

/*
 * The folder for the file: memory if there is such a file system.
 */
static const char *
password_folder(void)
{
	return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

/*
 * Removes a file unless its process lives.
 */
static void
remove_if_abandoned(const char *path)
{
	int			fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlink(path);
	close(fd);
}

void
password_remove_abandoned(void)
{
	const char *folder = password_folder();
	DIR		   *directory = opendir(folder);
	struct dirent *entry;

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL)
	{
		if (strncmp(entry->d_name, FILE_PREFIX, strlen(FILE_PREFIX)) == 0)
			remove_if_abandoned(psprintf("%s/%s", folder, entry->d_name));
	}
	closedir(directory);
}

/*
 * Removes our file when the process exits.
 */
static void
remove_own(void)
{
	unlink(password_path);
}

/*
 * Makes the file, empty and locked; its descriptor stays open until the
 * process ends.
 */
static int
make_file(void)
{
	struct stat status;
	int			fd;

	/* Between creation and lock somebody may have taken it for abandoned. */
	do
	{
		password_path = psprintf("%s/" FILE_PREFIX "XXXXXX", password_folder());
		fd = mkostemp(password_path, O_CLOEXEC);
		if (fd < 0)
			fail_errno("could not create file \"%s\"", password_path);
		if (flock(fd, LOCK_EX) != 0 || fstat(fd, &status) != 0)
			fail_errno("could not lock file \"%s\"", password_path);
	} while (status.st_nlink == 0);
	return fd;
}

/*
 * Writes the password for every server, database and user, as libpq reads it.
 */
static void
write_password(int fd, const char *password)
{
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfoString(&line, "*:*:*:*:");
	for (const char *next = password; *next != '\0'; next++)
	{
		if (*next == ':' || *next == '\\')
			appendStringInfoChar(&line, '\\');
		appendStringInfoChar(&line, *next);
	}
	appendStringInfoChar(&line, '\n');
	if (write(fd, line.data, line.len) != line.len)
		fail_errno("could not write file \"%s\"", password_path);
	OPENSSL_cleanse(line.data, line.maxlen);
	pfree(line.data);
}

/*
 * Makes the file with a password, and libpq in this process use it.
 */
static void
hand_over(const char *password)
{
	password_remove_abandoned();
	write_password(make_file(), password);
	atexit(remove_own);
	setenv("PGPASSFILE", password_path, 1);
}

const char *const *
connection_environment(void)
{
	static const char *environment[2];
	static bool made = false;
	const char *password = secret_get(SECRET_PASSWORD);

	if (made)
		return environment;
	made = true;
	if (password != NULL)
	{
		hand_over(password);
		environment[0] = psprintf("PGPASSFILE=%s", password_path);
	}
	return environment;
}

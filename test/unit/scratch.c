/*
 * A directory for one test program, gone when the program ends.
 */
#include "helpers.h"
#include "scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many directories nftw may hold open. */
#define OPEN_DIRECTORIES 16

/* Everything is in here; "" as long as there is nothing. */
static char root[MAXPGPATH] = "";
static pid_t owner;

static int	files_counted;

/*
 * Removes what nftw finds.
 */
static int
remove_found(const char *path, const struct stat *status, int type,
			 struct FTW *walk)
{
	return remove(path);
}

/*
 * Counts what nftw finds, unless it is a folder.
 */
static int
count_found(const char *path, const struct stat *status, int type,
			struct FTW *walk)
{
	if (type != FTW_D)
		files_counted++;
	return 0;
}

/*
 * At exit, removes everything.
 */
static void
remove_root(void)
{
	if (owner == getpid())
		nftw(root, remove_found, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
}

char *
scratch_directory(void)
{
	static int	number = 0;
	const char *temporary = getenv("TMPDIR");
	char	   *path;

	if (root[0] == '\0')
	{
		snprintf(root, sizeof(root), "%s/erpgo_backup_unit.XXXXXX",
				 temporary == NULL ? "/tmp" : temporary);
		assert_non_null(mkdtemp(root));
		owner = getpid();
		atexit(remove_root);
	}
	path = psprintf("%s/%d", root, ++number);
	assert_int_equal(mkdir(path, S_IRWXU), 0);
	return path;
}

void
scratch_write(const char *path, const void *data, size_t len)
{
	int			fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

char *
scratch_read(const char *path, size_t *len)
{
	int			fd = open(path, O_RDONLY);
	struct stat status;
	char	   *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	data = pg_malloc0(status.st_size + 1);
	assert_int_equal(read(fd, data, status.st_size), status.st_size);
	close(fd);
	if (len != NULL)
		*len = status.st_size;
	return data;
}

int
scratch_count_files(const char *path)
{
	files_counted = 0;
	assert_int_equal(nftw(path, count_found, OPEN_DIRECTORIES, FTW_PHYS), 0);
	return files_counted;
}

/*
 * Writes the server's metrics to a file that another program reads, as the
 * textfile collector of Prometheus' node_exporter does.
 *
 * That is the engine's work because the file may be on a file system that
 * hangs.
 */
#include "command/job.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Readers look for names that end with ".prom". */
#define TEMPORARY_SUFFIX ".new"

/* Everybody may read metrics; they hold nothing that is secret. */
#define METRICS_MODE (S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH)

/*
 * Fails if the file would be among the server's own, links followed.
 */
static void
require_outside(json_t *job, const char *path)
{
	char	   *folder = pg_strdup(path);
	char	   *real;

	get_parent_directory(folder);
	real = realpath(folder, NULL);
	if (real == NULL)
		fail_errno("could not open directory \"%s\"", folder);
	job_require_path_outside(job, "metrics file's directory", real,
							 "Choose another directory in the setting erpgo_backup.metrics_file.");
	free(real);
	pg_free(folder);
}

/*
 * Creates a file that nobody had before, whatever a writer that was killed
 * has left.
 */
static int
create_file(const char *path)
{
	int			fd;

	(void) unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  S_IRUSR | S_IWUSR);
	if (fd < 0)
		fail_errno("could not create file \"%s\"", path);
	return fd;
}

/*
 * Writes a file whole; false with errno if that could not be done.
 */
static bool
write_file(int fd, const char *content)
{
	size_t		len = strlen(content);

	while (len > 0)
	{
		ssize_t		written = write(fd, content, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		content += written;
		len -= written;
	}
	return fchmod(fd, METRICS_MODE) == 0 && fsync(fd) == 0;
}

json_t *
job_metrics(json_t *job)
{
	const char *path = job_required_text(job, "path");
	char	   *temporary = psprintf("%s%s", path, TEMPORARY_SUFFIX);
	int			fd;

	require_outside(job, path);
	fd = create_file(temporary);
	if (!write_file(fd, job_required_text(job, "text")) ||
		rename(temporary, path) != 0)
	{
		int			saved_errno = errno;

		(void) unlink(temporary);
		errno = saved_errno;
		fail_errno("could not write file \"%s\"", path);
	}
	close(fd);
	pg_free(temporary);
	return json_object();
}

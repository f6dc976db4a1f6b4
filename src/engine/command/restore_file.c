/*
 * Writes an object of a backup in plain to a file.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/guard.h"
#include "command/restore.h"
#include "database/feed.h"
#include "protocol.h"

/* A file that is being written. */
typedef struct PlainFile
{
	Restore    *restore;
	const ManifestObject *object;
	int			fd;
	char	   *temporary_path;
} PlainFile;

/* Whose progress this process reports. */
static const char *reported_database;

/*
 * Reports how much was written.
 */
static void
report_written(int64 bytes_done, int64 bytes_expected)
{
	progress_report("writing", reported_database, bytes_done, bytes_expected);
}

/*
 * Writes the plain bytes to a descriptor.
 */
static void
write_plain(Restore *restore, const ManifestObject *object, int fd)
{
	Failure		problem;

	reported_database = object->database;
	if (!isolated_finish(feed_start(restore->repository, restore->backup,
									object, fd, report_written), &problem))
		fail_with(&problem);
}

/*
 * Writes the plain bytes to the temporary file, durably.
 */
static void
write_step(void *context)
{
	PlainFile  *file = context;

	write_plain(file->restore, file->object, file->fd);
	if (fsync(file->fd) != 0)
		fail_errno("could not fsync file \"%s\"", file->temporary_path);
}

/*
 * Gives the temporary file its name, durably; removes it if that cannot be.
 */
static void
publish_file(const PlainFile *file)
{
	const RestoreRequest *request = &file->restore->request;
	char	   *folder = pg_strdup(request->to_file);
	int			fd;

	if (renameat2(AT_FDCWD, file->temporary_path, AT_FDCWD, request->to_file,
				  request->force ? 0 : RENAME_NOREPLACE) != 0)
	{
		int			save_errno = errno;

		unlink(file->temporary_path);
		errno = save_errno;
		fail_errno("could not create file \"%s\"", request->to_file);
	}
	get_parent_directory(folder);
	fd = open(folder[0] == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		fail_errno("could not fsync directory of \"%s\"", request->to_file);
	close(fd);
	pg_free(folder);
}

/*
 * Fails if the file exists and may not be replaced.
 */
static void
check_file(const RestoreRequest *request)
{
	struct stat status;

	if (!request->force && lstat(request->to_file, &status) == 0)
		fail(FAILURE_DUPLICATE, "Use --force to replace it.",
			 "cannot write file \"%s\": it already exists", request->to_file);
}

int
restore_to_file(Restore *restore, const ManifestObject *object)
{
	const RestoreRequest *request = &restore->request;
	PlainFile	file = {restore, object};
	int			exit_code;

	if (strcmp(request->to_file, "-") == 0)
	{
		write_plain(restore, object, STDOUT_FILENO);
		return 0;
	}
	check_file(request);
	file.temporary_path = psprintf("%s.XXXXXX", request->to_file);
	guard_begin();
	file.fd = mkostemp(file.temporary_path, O_CLOEXEC);
	if (file.fd < 0)
		fail_errno("could not create file \"%s\"", file.temporary_path);
	exit_code = guarded_run(write_step, &file);
	if (exit_code == 0)
		publish_file(&file);
	else
		unlink(file.temporary_path);
	guard_end();
	return exit_code;
}

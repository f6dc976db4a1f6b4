/*
 * Where a repository, or anything else that is written, must not be: inside
 * of what is to be saved.
 *
 * The server compares the paths as they are written, for it never touches the
 * repository; here symbolic links are followed.
 */
#include "command/job.h"

#include <dirent.h>

#include "common/store_url.h"

#define DATA_HINT "Choose a folder on another disk in the setting erpgo_backup.repository."

/* What must not be inside. */
typedef struct Subject
{
	const char *what;
	const char *path;
	const char *hint;
} Subject;

/*
 * Fails if a real path is that of a folder, or below it.  What does not exist
 * contains nothing.
 */
static void
refuse_inside(const Subject *subject, const char *folder, const char *what)
{
	const char *path = subject->path;
	char	   *real = realpath(folder, NULL);
	size_t		len = real == NULL ? 0 : strlen(real);

	if (real != NULL && strncmp(path, real, len) == 0 &&
		(path[len] == '/' || path[len] == '\0'))
		fail(FAILURE_STATE, subject->hint,
			 "%s \"%s\" is inside of %s \"%s\"", subject->what, path, what, real);
	free(real);
}

/*
 * Fails if a real path is in a tablespace.
 */
static void
refuse_inside_tablespaces(const Subject *subject, const char *data_directory)
{
	char	   *links = psprintf("%s/pg_tblspc", data_directory);
	DIR		   *folder = opendir(links);
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
	{
		char	   *link = psprintf("%s/%s", links, entry->d_name);

		if (entry->d_name[0] != '.')
			refuse_inside(subject, link, "tablespace");
		pg_free(link);
	}
	if (folder != NULL)
		closedir(folder);
	pg_free(links);
}

void
job_require_path_outside(json_t *job, const char *what, const char *path,
						 const char *hint)
{
	const char *data_directory = job_text(json_object_get(job, "server"), "data_directory");
	Subject		subject = {what, path, hint};

	if (data_directory == NULL)
		return;
	refuse_inside(&subject, data_directory, "data directory");
	refuse_inside_tablespaces(&subject, data_directory);
}

void
job_require_outside(json_t *job)
{
	const char *path = store_url_path(job_required_text(job, "repository"));
	char	   *real = path == NULL ? NULL : realpath(path, NULL);

	if (real != NULL)
		job_require_path_outside(job, "repository", real, DATA_HINT);
	free(real);
}

/*
 * Where PostgreSQL's programs are.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "failure.h"
#include "process.h"

/*
 * The path of a program in a directory, allocated; NULL if there is none that
 * can be executed.  Only absolute directories count.
 */
static char *
path_in_directory(const char *directory, size_t length, const char *name)
{
	char	   *path;

	if (length == 0 || directory[0] != '/')
		return NULL;
	path = psprintf("%.*s/%s", (int) length, directory, name);
	if (access(path, X_OK) == 0)
		return path;
	pg_free(path);
	return NULL;
}

/*
 * The path of a program beside the one that runs; NULL if there is none.
 */
static char *
path_beside_this_program(const char *name)
{
	char		self[MAXPGPATH];
	ssize_t		length = readlink("/proc/self/exe", self, sizeof(self));

	while (length > 0 && self[length - 1] != '/')
		length--;
	return length > 1 ? path_in_directory(self, length - 1, name) : NULL;
}

/*
 * The path of a program in a directory of PATH; NULL if there is none.
 */
static char *
path_in_search_path(const char *name)
{
	const char *directory = getenv("PATH");

	while (directory != NULL && *directory != '\0')
	{
		size_t		length = strcspn(directory, ":");
		char	   *path = path_in_directory(directory, length, name);

		if (path != NULL)
			return path;
		directory += length + (directory[length] == ':');
	}
	return NULL;
}

char *
program_path(const char *bindir, const char *name)
{
	char	   *path;

	if (bindir != NULL)
	{
		path = path_in_directory(bindir, strlen(bindir), name);
		if (path == NULL)
			fail(FAILURE_UNDEFINED, "Install the client programs of PostgreSQL there.",
				 "could not find program \"%s\" in \"%s\"", name, bindir);
		return path;
	}

	path = path_beside_this_program(name);
	if (path == NULL)
		path = path_in_search_path(name);
	if (path == NULL)
		fail(FAILURE_UNDEFINED, "Install the client programs of PostgreSQL, or name their directory.",
			 "could not find program \"%s\"", name);
	return path;
}

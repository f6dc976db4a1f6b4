/*
 * A private folder for files that are gone when this process has ended.
 */
#include "postgres_fe.h"

#include <dirent.h>
#include <unistd.h>

#include "command/workspace.h"
#include "failure.h"

static char *workspace = NULL;

/*
 * Removes the folder and the files in it.
 */
static void
remove_workspace(void)
{
	DIR		   *directory = opendir(workspace);
	struct dirent *entry;

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL)
	{
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlink(workspace_path(entry->d_name));
	}
	closedir(directory);
	if (rmdir(workspace) != 0)
		notice("warning", NULL, "could not remove directory \"%s\": %s",
			   workspace, strerror(errno));
}

void
workspace_create(const char *parent)
{
	if (parent == NULL)
		parent = getenv("TMPDIR");
	if (parent == NULL || parent[0] == '\0')
		parent = "/tmp";
	workspace = psprintf("%s/erpgo_backup_XXXXXX", parent);
	if (mkdtemp(workspace) == NULL)
		fail_errno("could not create a directory in \"%s\"", parent);
	atexit(remove_workspace);
}

char *
workspace_path(const char *name)
{
	return psprintf("%s/%s", workspace, name);
}

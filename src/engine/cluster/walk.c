/*
 * Walks through the directory of a running cluster.
 */
#include "cluster/file_set.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/exclusion.h"
#include "cluster/relation_file.h"
#include "failure.h"

/* The folder with a link for each tablespace. */
#define TABLESPACES "pg_tblspc/"

/* Where a walk is. */
typedef struct Walk
{
	FileSet    *set;
	const char *root;			/* the data directory */
	char	   *version_prefix; /* of a tablespace's folder for this version */
	char	  **folders;		/* still to be looked into; "" is the root */
	int			folder_count;
	int			folder_capacity;
} Walk;

/*
 * Has a folder looked into later.
 */
static void
push_folder(Walk *walk, const char *path)
{
	if (walk->folder_count == walk->folder_capacity)
	{
		walk->folder_capacity = Max(64, walk->folder_capacity * 2);
		walk->folders = pg_realloc(walk->folders,
								   walk->folder_capacity * sizeof(char *));
	}
	walk->folders[walk->folder_count++] = pg_strdup(path);
}

/*
 * Adds a file.
 */
static ClusterFile *
add_file(FileSet *set, const char *path, const struct stat *status)
{
	ClusterFile *file;

	if (set->count == set->capacity)
	{
		set->capacity = Max(1024, set->capacity * 2);
		set->files = pg_realloc(set->files, set->capacity * sizeof(ClusterFile));
	}
	file = &set->files[set->count++];
	memset(file, 0, sizeof(*file));
	file->path = pg_strdup(path);
	file->mode = status->st_mode & 07777;
	file->is_member = true;
	file->is_directory = S_ISDIR(status->st_mode);
	if (file->is_directory)
		return file;
	file->size = status->st_size;
	file->mtime = status->st_mtime;
	set->bytes += file->size;
	return file;
}

/*
 * Compares two names.
 */
static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * The names in a folder, sorted; NULL if there is no such folder any more.
 */
static char **
read_names(const char *path, int *count)
{
	DIR		   *directory = opendir(path);
	struct dirent *entry;
	char	  **names = NULL;
	int			capacity = 0;

	*count = 0;
	if (directory == NULL && errno != ENOENT)
		fail_errno("could not open directory \"%s\"", path);
	while (directory != NULL && (errno = 0, entry = readdir(directory)) != NULL)
	{
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (*count == capacity)
		{
			capacity = Max(64, capacity * 2);
			names = pg_realloc(names, capacity * sizeof(char *));
		}
		names[(*count)++] = pg_strdup(entry->d_name);
	}
	if (directory != NULL && errno != 0)
		fail_errno("could not read directory \"%s\"", path);
	if (directory != NULL)
		closedir(directory);
	if (*count > 0)
		qsort(names, *count, sizeof(char *), compare_names);
	return names;
}

/*
 * Does a sorted list have the name of the init fork of a relation?  Then the
 * relation is not logged.
 */
static bool
has_init_fork(char **names, int count, Oid number)
{
	char		name[32];
	const char *key = name;

	snprintf(name, sizeof(name), "%u_init", number);
	return bsearch(&key, names, count, sizeof(char *), compare_names) != NULL;
}

/*
 * Is a file of a folder with relations left out: one of a session, or of a
 * relation that will be empty after recovery?
 */
static bool
is_transient_relation(char **names, int count, const RelationFile *relation)
{
	return relation->is_temporary ||
		(relation->fork != FORK_INIT &&
		 has_init_fork(names, count, relation->number));
}

/*
 * Goes into a tablespace: only the folder of this version of the server is the
 * cluster's.  Its folders are no members of archives, for "tar" would make
 * them in place of the symbolic link.
 */
static void
take_tablespace(Walk *walk, const char *path)
{
	char	   *full = psprintf("%s/%s", walk->root, path);
	int			count;
	char	  **names = read_names(full, &count);

	for (int i = 0; i < count; i++)
	{
		char	   *folder = psprintf("%s/%s", path, names[i]);
		char	   *folder_full = psprintf("%s/%s", walk->root, folder);
		struct stat status;

		if (strncmp(names[i], walk->version_prefix, strlen(walk->version_prefix)) == 0 &&
			lstat(folder_full, &status) == 0 && S_ISDIR(status.st_mode))
		{
			add_file(walk->set, folder, &status)->is_member = false;
			push_folder(walk, folder);
		}
		pfree(folder_full);
		pfree(folder);
		pg_free(names[i]);
	}
	pg_free(names);
	pfree(full);
}

/*
 * Takes a symbolic link: a tablespace or the WAL, which are places of the
 * cluster.  The server's own base backup leaves out others as well.
 */
static void
take_link(Walk *walk, const char *path)
{
	char	   *full = psprintf("%s/%s", walk->root, path);
	struct stat status;

	if (strcmp(path, "pg_wal") == 0 && stat(full, &status) == 0)
	{
		add_file(walk->set, path, &status);
		push_folder(walk, path);
	}
	else if (strncmp(path, TABLESPACES, strlen(TABLESPACES)) == 0)
		take_tablespace(walk, path);
	else
		notice("log", NULL, "symbolic link \"%s\" is left out of the backup", full);
	pfree(full);
}

/*
 * Takes a folder.  Where a tablespace is a link, its folders are no members.
 */
static void
take_folder(Walk *walk, const char *path, const struct stat *status)
{
	ClusterFile *file = add_file(walk->set, path, status);
	const char *rest = path + strlen(TABLESPACES);
	struct stat link_status;

	if (strncmp(path, TABLESPACES, strlen(TABLESPACES)) == 0 && strchr(rest, '/') != NULL)
	{
		char	   *link = psprintf("%s/" TABLESPACES "%.*s", walk->root,
									(int) strcspn(rest, "/"), rest);

		file->is_member = lstat(link, &link_status) == 0 && !S_ISLNK(link_status.st_mode);
		pfree(link);
	}
	if (!is_emptied_folder(path))
		push_folder(walk, path);
}

/*
 * Takes what lies at a path.  relation is NULL if it is not in a folder with
 * relations, or no file of one.
 */
static void
take_entry(Walk *walk, const char *path, const RelationFile *relation)
{
	char	   *full = psprintf("%s/%s", walk->root, path);
	struct stat status;
	ClusterFile *file;

	if (lstat(full, &status) != 0)
	{
		if (errno != ENOENT)
			fail_errno("could not examine file \"%s\"", full);
	}
	else if (S_ISLNK(status.st_mode))
		take_link(walk, path);
	else if (S_ISDIR(status.st_mode))
		take_folder(walk, path, &status);
	else if (S_ISREG(status.st_mode))
	{
		file = add_file(walk->set, path, &status);
		file->has_pages = relation != NULL;
		file->segment = relation != NULL ? relation->segment : 0;
	}
	pfree(full);
}

/*
 * Takes everything in a folder; "" is the data directory.
 */
static void
look_into(Walk *walk, const char *path)
{
	char	   *full = psprintf("%s/%s", walk->root, path);
	bool		has_relations = is_relation_folder(path);
	int			count;
	char	  **names = read_names(full, &count);

	for (int i = 0; i < count; i++)
	{
		char	   *entry = psprintf("%s%s%s", path, path[0] == '\0' ? "" : "/", names[i]);
		RelationFile relation;
		bool		is_relation = has_relations && relation_file_parse(names[i], &relation);

		if (!is_excluded_name(names[i]) && !is_excluded_path(entry) &&
			!(is_relation && is_transient_relation(names, count, &relation)))
			take_entry(walk, entry, is_relation ? &relation : NULL);
		pfree(entry);
	}
	for (int i = 0; i < count; i++)
		pg_free(names[i]);
	pg_free(names);
	pfree(full);
}

/*
 * Compares two files by their paths.
 */
static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const ClusterFile *) a)->path, ((const ClusterFile *) b)->path);
}

void
file_set_sort(FileSet *set)
{
	qsort(set->files, set->count, sizeof(ClusterFile), compare_files);
	for (int i = 1; i < set->count; i++)
	{
		if (strcmp(set->files[i - 1].path, set->files[i].path) == 0)
			fail(FAILURE_STATE,
				 "Folders \"config\" in the data directory and configuration files outside of it exclude each other.",
				 "cannot back up two files with the path \"%s\"", set->files[i].path);
	}
}

FileSet *
cluster_walk(const char *data_directory, int major)
{
	Walk		walk = {
		.set = pg_malloc0(sizeof(FileSet)),
		.root = data_directory,
		.version_prefix = psprintf("PG_%d_", major)
	};

	push_folder(&walk, "");
	while (walk.folder_count > 0)
	{
		char	   *path = walk.folders[--walk.folder_count];

		look_into(&walk, path);
		pg_free(path);
	}
	pg_free(walk.folders);
	file_set_sort(walk.set);
	pfree(walk.version_prefix);
	return walk.set;
}

void
file_set_add_config(FileSet *set, const char *path, const char *source)
{
	struct stat status;

	if (stat(source, &status) != 0)
	{
		if (errno != ENOENT)
			fail_errno("could not examine file \"%s\"", source);
	}
	else if (S_ISREG(status.st_mode))
		add_file(set, path, &status)->source = pg_strdup(source);
}

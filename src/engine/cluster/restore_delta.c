/*
 * What a target has already, and what of it does not belong there.
 */
#include "cluster/restore_delta.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* How much is read at once. */
#define READ_SIZE (1024 * 1024)

/* A place that belongs into the target. */
typedef struct BelongingPlace
{
	TargetPath	place;
	bool		is_folder;
} BelongingPlace;

/* What belongs there, sorted. */
typedef struct Belongings
{
	RestoreWork *work;
	BelongingPlace *places;
	int			count;
	int			capacity;
} Belongings;

/*
 * Is the content of a file that of the backup?
 */
static bool
content_equals(RestoreWork *work, int fd, const ListedFile *file, char *buffer)
{
	Digest		digest;
	Sink	   *chain = digest_sink(NULL, &digest);
	ssize_t		got;

	while ((got = read(fd, buffer, READ_SIZE)) != 0)
	{
		if (got < 0 && errno != EINTR)
			break;
		sink_write(chain, buffer, Max(got, 0));
		__atomic_add_fetch(&work->counters->bytes_done, Max(got, 0), __ATOMIC_SEQ_CST);
	}
	sink_finish(chain);
	sink_release(chain);
	return got == 0 && strcmp(digest.sha256, file->sha256) == 0;
}

/*
 * Does the target have a file as it is in the backup?  One with several names
 * is no file of its own.
 */
static bool
target_has(RestoreWork *work, const ListedFile *file, char *buffer)
{
	const Target *target = work->plan->target;
	int			fd = target_open_existing(target, target_locate(target, file), O_RDONLY);
	struct stat status;
	bool		equal;

	if (fd < 0)
		return false;
	equal = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		status.st_nlink == 1 && status.st_uid == geteuid() &&
		status.st_size == file->member.size &&
		content_equals(work, fd, file, buffer) &&
		fchmod(fd, file->member.mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == 0;
	close(fd);
	return equal;
}

/*
 * Compares a part of the files.
 */
static void
compare_step(void *context)
{
	RestoreWork *work = context;
	RestorePlan *plan = work->plan;
	char	   *buffer = pg_malloc(READ_SIZE);
	int			i;

	while ((i = restore_next_item(work)) < plan->count)
	{
		if (plan->actions[i] == PLAN_WRITE && !plan->files[i].member.is_directory &&
			target_has(work, &plan->files[i], buffer))
		{
			plan->actions[i] = PLAN_KEEP;
			__atomic_add_fetch(&work->counters->files_kept, 1, __ATOMIC_SEQ_CST);
		}
	}
	pg_free(buffer);
}

void
restore_compare(RestoreWork *work)
{
	restore_work_run(work, compare_step, "comparing", work->plan->bytes);
}

/*
 * The order of places.
 */
static int
compare_places(const void *a, const void *b)
{
	const TargetPath *left = &((const BelongingPlace *) a)->place;
	const TargetPath *right = &((const BelongingPlace *) b)->place;

	if (left->folder != right->folder)
		return left->folder < right->folder ? -1 : 1;
	return strcmp(left->path, right->path);
}

/*
 * Adds a place that belongs into the target.
 */
static void
add_belonging(Belongings *belongings, TargetPath place, bool is_folder)
{
	Target	   *target = belongings->work->plan->target;
	BelongingPlace *added;

	if (belongings->count == belongings->capacity)
	{
		belongings->capacity = Max(1024, belongings->capacity * 2);
		belongings->places = pg_realloc(belongings->places,
										belongings->capacity * sizeof(BelongingPlace));
	}
	added = &belongings->places[belongings->count++];
	added->place = place;
	added->is_folder = is_folder;

	/* It may be the same folder as the data directory. */
	if (place.folder == TARGET_CONFIG &&
		strcmp(target->folders[TARGET_DATA].path, target->folders[TARGET_CONFIG].path) == 0)
		added->place.folder = TARGET_DATA;
}

/*
 * Adds the folders that a configuration file is in, which the list of the
 * backup need not have.
 */
static void
add_parents(Belongings *belongings, TargetPath place)
{
	char	   *path = pg_strdup(place.path);
	char	   *slash;

	while ((slash = strrchr(path, '/')) != NULL)
	{
		*slash = '\0';
		add_belonging(belongings, target_path(place.folder, pg_strdup(path)), true);
	}
	pg_free(path);
}

/*
 * All that belongs into the target and may be there already: folders, files
 * that are kept, links of tablespaces, and the marker.
 */
static void
collect_belongings(Belongings *belongings)
{
	const RestorePlan *plan = belongings->work->plan;
	const Target *target = plan->target;

	for (int i = 0; i < plan->count; i++)
	{
		if (plan->actions[i] == PLAN_KEEP)
			add_belonging(belongings, target_locate(target, &plan->files[i]), false);
	}
	for (int i = 0; i < plan->folder_count; i++)
		add_belonging(belongings, target_locate(target, &plan->folders[i]), true);
	for (int i = 0; i < plan->config_count; i++)
		add_parents(belongings, target_locate(target, &plan->configs[i]));
	for (int i = TARGET_TABLESPACES; i < target->count; i++)
		add_belonging(belongings,
					  data_path(psprintf("pg_tblspc/%u", target->folders[i].tablespace)),
					  false);
	add_belonging(belongings, data_path(RESTORE_MARKER), false);
	qsort(belongings->places, belongings->count, sizeof(BelongingPlace), compare_places);
}

/*
 * Does a place belong into the target, as a folder or not?
 */
static bool
belongs(const Belongings *belongings, TargetPath place, bool is_folder)
{
	BelongingPlace wanted = {place};
	const BelongingPlace *found = bsearch(&wanted, belongings->places, belongings->count,
										  sizeof(BelongingPlace), compare_places);

	return found != NULL && found->is_folder == is_folder;
}

/*
 * Removes something in a folder, which is empty if it is a folder.
 */
static void
remove_entry(const Belongings *belongings, int folder, TargetPath place, const char *name,
			 bool is_folder)
{
	if (unlinkat(folder, name, is_folder ? AT_REMOVEDIR : 0) != 0)
		fail_errno("could not remove \"%s\"",
				   target_text(belongings->work->plan->target, place));
	if (!is_folder)
		__atomic_add_fetch(&belongings->work->counters->files_removed, 1, __ATOMIC_SEQ_CST);
}

/*
 * Opens a folder to read its names.
 */
static DIR *
open_folder(const Target *target, TargetPath place)
{
	int			fd = target_open_existing(target, place, O_RDONLY | O_DIRECTORY);
	DIR		   *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory == NULL)
		fail_errno("could not open directory \"%s\"", target_text(target, place));
	return directory;
}

/*
 * Is what lies in a folder to be looked at?  In the folder of a tablespace
 * only what this cluster has there: others may share it.
 */
static bool
is_ours(const Belongings *belongings, TargetPath inner)
{
	return inner.folder < TARGET_TABLESPACES || strchr(inner.path, '/') != NULL ||
		belongs(belongings, inner, true);
}

/*
 * Is it a folder?  A link to one is none.
 */
static bool
is_folder_in(DIR *directory, const char *name)
{
	struct stat status;

	if (fstatat(dirfd(directory), name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		fail_errno("could not examine \"%s\"", name);
	return S_ISDIR(status.st_mode);
}

/*
 * Removes what does not belong into a folder.
 */
static void
clean_folder(const Belongings *belongings, TargetPath place)
{
	DIR		   *directory = open_folder(belongings->work->plan->target, place);
	struct dirent *entry;

	while ((entry = readdir(directory)) != NULL)
	{
		char	   *path = place.path[0] == '\0' ? pg_strdup(entry->d_name) :
			psprintf("%s/%s", place.path, entry->d_name);
		TargetPath	inner = {place.folder, path};

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			is_ours(belongings, inner))
		{
			bool		is_folder = is_folder_in(directory, entry->d_name);

			if (is_folder)
				clean_folder(belongings, inner);
			if (!belongs(belongings, inner, is_folder))
				remove_entry(belongings, dirfd(directory), inner, entry->d_name, is_folder);
		}
		pfree(path);
	}
	closedir(directory);
}

/*
 * Removes the configuration files that are to be written.
 */
static void
remove_configs(const RestorePlan *plan)
{
	for (int i = 0; i < plan->count; i++)
	{
		if (plan->files[i].source != NULL && plan->actions[i] == PLAN_WRITE)
			target_remove_file(plan->target, target_locate(plan->target, &plan->files[i]));
	}
}

void
restore_remove_rest(RestoreWork *work)
{
	Belongings	belongings = {work};
	const Target *target = work->plan->target;

	collect_belongings(&belongings);
	for (int i = 0; i < target->count; i++)
	{
		if (i != TARGET_CONFIG)
			clean_folder(&belongings, target_path(i, ""));
	}
	remove_configs(work->plan);
	pg_free(belongings.places);
}

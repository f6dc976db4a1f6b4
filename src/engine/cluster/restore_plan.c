/*
 * What is to be restored of a physical backup, and where to.
 */
#include "cluster/restore_plan.h"

#include "cluster/control.h"
#include "cluster/exclusion.h"
#include "cluster/restore_files.h"
#include "cluster/workers.h"
#include "failure.h"

/* What tells a server that starts to recover; a restore decides that anew. */
static const char *const signal_files[] = {
	"recovery.signal",
	"standby.signal",
};

bool
restore_path_is_allowed(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !is_excluded_name(slash == NULL ? path : slash + 1) &&
		!is_excluded_path(path) && strcmp(path, RESTORE_MARKER) != 0;
}

/*
 * Appends an entry to an array that grows.
 */
static void
append_entry(ListedFile **entries, int *count, int *capacity, const ListedFile *file)
{
	if (*count == *capacity)
	{
		*capacity = Max(1024, *capacity * 2);
		*entries = pg_realloc(*entries, *capacity * sizeof(ListedFile));
	}
	(*entries)[(*count)++] = *file;
}

/*
 * Keeps an entry of the list.
 */
static void
keep_entry(void *context, const ListedFile *file)
{
	RestorePlan *plan = context;
	TargetPath	place = target_locate(plan->target, file);
	bool		allowed = place.folder >= TARGET_TABLESPACES ?
		place.path[0] == '\0' || strncmp(place.path, "PG_", 3) == 0 :
		restore_path_is_allowed(place.path);

	if (!allowed)
		fail(FAILURE_DAMAGED, NULL,
			 "the backup's list of files is damaged: no backup has a file \"%s\"",
			 file->member.path);
	if (file->is_stored)
		append_entry(&plan->files, &plan->count, &plan->capacity, file);
	if (file->member.is_directory)
		append_entry(&plan->folders, &plan->folder_count, &plan->folder_capacity, file);
	if (file->source != NULL)
		append_entry(&plan->configs, &plan->config_count, &plan->config_capacity, file);
}

/*
 * The plain bytes of a pack.
 */
static int64
pack_bytes(const PackContent *content)
{
	int64		bytes = 0;

	for (int i = 0; i < content->frame_count; i++)
		bytes += content->frames[i].plain_len;
	return bytes;
}

/*
 * Fails unless each file of a pack ends before the next one begins: what is
 * added up of their sizes is no more than the pack has.
 */
static void
check_sizes(const PackContent *content)
{
	int64		end = pack_bytes(content);

	for (int i = content->count - 1; i >= 0; i--)
	{
		const ListedFile *file = &content->files[i];

		if (file->member.size > end - file->position.offset)
			fail(FAILURE_DAMAGED, NULL,
				 "object \"%s\" is damaged: file \"%s\" does not fit into its place",
				 content->name, file->member.path);
		end = file->position.offset;
	}
}

/*
 * Takes the files of one pack, which begin at an index; returns where the
 * next pack's begin.
 */
static int
take_pack(RestorePlan *plan, Repository *repository, const Backup *backup, int number,
		  int first)
{
	const ManifestObject *object = manifest_pack(backup->manifest, number);
	PackContent *content = &plan->packs[plan->pack_count++];

	content->pack = number;
	content->name = backup_object_name(repository, backup->manifest->id, object->name);
	content->files = plan->files + first;
	while (first + content->count < plan->count &&
		   content->files[content->count].position.pack == number)
		content->count++;
	content->frames = frame_list_read(repository, backup, number, &content->frame_count);
	pack_content_check_frames(content);
	check_sizes(content);
	return first + content->count;
}

/*
 * Puts the largest pack first, so that no process is left with it at the end.
 */
static int
compare_packs(const void *a, const void *b)
{
	int64		left = pack_bytes(a);
	int64		right = pack_bytes(b);

	return left > right ? -1 : left < right;
}

/*
 * Takes all packs.
 */
static void
take_packs(RestorePlan *plan, Repository *repository, const Backup *backup)
{
	int			first = 0;
	int			packs = 0;

	if (plan->count > 0)
		qsort(plan->files, plan->count, sizeof(ListedFile), listed_file_compare);
	while (manifest_pack(backup->manifest, packs + 1) != NULL)
		packs++;
	plan->packs = pg_malloc0((packs + 1) * sizeof(PackContent));
	for (int number = 1; number <= packs; number++)
		first = take_pack(plan, repository, backup, number, first);
	qsort(plan->packs, packs, sizeof(PackContent), compare_packs);
}

char *
wal_object_segment(const ManifestObject *object)
{
	const char *name = object->name + Min(strlen(object->name), strlen("wal-"));

	return pnstrdup(name, strcspn(name, "."));
}

/*
 * The object of a segment of WAL, which must be there.
 */
static const ManifestObject *
find_segment(const Manifest *manifest, const char *segment)
{
	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];

		if (object->kind == OBJECT_WAL && strncmp(object->name, "wal-", 4) == 0 &&
			strncmp(object->name + 4, segment, strlen(segment)) == 0 &&
			object->size == manifest->physical->wal_segment_size)
			return object;
	}
	fail(FAILURE_DAMAGED, NULL, "backup \"%s\" lacks segment \"%s\" of the WAL",
		 manifest->id, segment);
}

/*
 * Takes the segments of WAL from the beginning of the backup to its end.
 */
static void
take_wal(RestorePlan *plan, const Manifest *manifest)
{
	int64		count = wal_segment_count(manifest->physical);

	if (count > manifest->object_count)
		fail(FAILURE_DAMAGED, NULL, "backup \"%s\" lacks segments of the WAL", manifest->id);
	plan->wal = pg_malloc0((count + 1) * sizeof(ManifestObject *));
	for (int64 i = 0; i < count; i++)
	{
		char	   *segment = wal_segment_name_at(manifest->physical, i);

		plan->wal[plan->wal_count++] = find_segment(manifest, segment);
		plan->bytes += manifest->physical->wal_segment_size;
		pg_free(segment);
	}
}

/*
 * Is there a configuration file from outside of the data directory that takes
 * the place of this one?
 */
static bool
is_shadowed(const RestorePlan *plan, const ListedFile *file)
{
	const TargetFolder *folders = plan->target->folders;

	if (file->source != NULL ||
		strcmp(folders[TARGET_DATA].path, folders[TARGET_CONFIG].path) != 0)
		return false;
	for (int i = 0; i < plan->config_count; i++)
	{
		if (strcmp(target_locate(plan->target, &plan->configs[i]).path,
				   file->member.path) == 0)
			return true;
	}
	return false;
}

/*
 * Does a file have no place in a restored cluster?
 */
static bool
is_skipped(const RestorePlan *plan, const ListedFile *file)
{
	for (int i = 0; i < lengthof(signal_files); i++)
	{
		if (strcmp(file->member.path, signal_files[i]) == 0)
			return true;
	}

	return is_shadowed(plan, file);
}

/*
 * Decides what becomes of each file.
 */
static void
decide_actions(RestorePlan *plan)
{
	plan->actions = workers_share(plan->count);
	for (int i = 0; i < plan->count; i++)
	{
		plan->actions[i] = is_skipped(plan, &plan->files[i]) ? PLAN_SKIP : PLAN_WRITE;
		plan->bytes += plan->files[i].member.size;
	}
}

RestorePlan *
restore_plan_read(Repository *repository, const Backup *backup, Target *target)
{
	RestorePlan *plan = pg_malloc0(sizeof(RestorePlan));

	plan->target = target;
	file_list_read(repository, backup, keep_entry, plan);
	take_packs(plan, repository, backup);
	take_wal(plan, backup->manifest);
	decide_actions(plan);
	return plan;
}

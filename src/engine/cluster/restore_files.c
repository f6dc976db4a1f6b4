/*
 * Writes the files of a physical backup to a target.
 */
#include "cluster/restore_files.h"

#include <fcntl.h>
#include <unistd.h>

#include "cluster/workers.h"
#include "protocol.h"

/* So many files are made durable by one process before it takes others. */
#define SYNC_BATCH 64

/* A process that restores a pack. */
typedef struct PackReader
{
	RestoreWork *work;
	const PackContent *content;
	Sink	   *file;			/* that is being written; NULL if none is */
	int			fd;
} PackReader;

/*
 * Reports how far the work is.
 */
static void
report_work(void *context)
{
	const RestoreWork *work = context;

	progress_report(work->phase, NULL,
					__atomic_load_n(&work->counters->bytes_done, __ATOMIC_SEQ_CST),
					work->bytes_expected);
}

/*
 * Prepares a step of the work.
 */
static void
begin_work(RestoreWork *work, const char *phase, int64 bytes_expected)
{
	work->counters->next_item = 0;
	work->counters->bytes_done = 0;
	work->phase = phase;
	work->bytes_expected = bytes_expected;
}

void
restore_work_run(RestoreWork *work, IsolatedStep step, const char *phase,
				 int64 bytes_expected)
{
	begin_work(work, phase, bytes_expected);
	workers_run(step, work, work->jobs, report_work);
}

int
restore_next_item(RestoreWork *work)
{
	return __atomic_fetch_add(&work->counters->next_item, 1, __ATOMIC_SEQ_CST);
}

/*
 * Begins a member of a pack.
 */
static void
begin_member(void *context, int index)
{
	PackReader *reader = context;
	const RestorePlan *plan = reader->work->plan;
	const ListedFile *file = &reader->content->files[index];
	TargetPath	place = target_locate(plan->target, file);
	char	   *name;

	if (file->member.is_directory || plan->actions[file - plan->files] != PLAN_WRITE)
		return;
	name = target_text(plan->target, place);
	reader->fd = target_create_file(plan->target, place,
									file->member.mode & (S_IRWXU | S_IRWXG | S_IRWXO));
	reader->file = fd_sink(reader->fd, name, NULL);
	pg_free(name);
}

/*
 * Takes some of its content.
 */
static void
write_member(void *context, const void *data, size_t len)
{
	PackReader *reader = context;

	if (reader->file != NULL)
		sink_write(reader->file, data, len);
	__atomic_add_fetch(&reader->work->counters->bytes_done, len, __ATOMIC_SEQ_CST);
}

/*
 * Has the kernel begin to write a file to the medium, so that little is left
 * to do when it is made durable; then closes it.
 */
static void
end_file(int fd)
{
	(void) sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	if (close(fd) != 0)
		fail_errno("could not close a file");
}

/*
 * Ends a member.
 */
static void
end_member(void *context)
{
	PackReader *reader = context;

	if (reader->file == NULL)
		return;
	sink_release(reader->file);
	reader->file = NULL;
	end_file(reader->fd);
	__atomic_add_fetch(&reader->work->counters->files_written, 1, __ATOMIC_SEQ_CST);
}

static const MemberTaker file_taker = {
	.begin = begin_member,
	.write = write_member,
	.end = end_member
};

/*
 * Is there nothing to be written of a pack?
 */
static bool
pack_is_kept(const RestorePlan *plan, const PackContent *content)
{
	for (int i = 0; i < content->count; i++)
	{
		if (!content->files[i].member.is_directory &&
			plan->actions[content->files - plan->files + i] == PLAN_WRITE)
			return false;
	}
	return true;
}

/*
 * Restores the files of a pack.
 */
static void
restore_pack(RestoreWork *work, const PackContent *content)
{
	const Manifest *manifest = work->backup->manifest;
	PackReader	reader = {work, content};
	Sink	   *chain = tar_read_sink(content, &file_taker, &reader);

	chain = decompress_sink(chain, manifest->compression.method, content->name);
	chain = frame_check_sink(chain, content);
	chain = backup_decrypt_sink(chain, work->backup, content->name);
	if (!store_get(work->repository->store, content->name, chain))
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is missing", content->name);
	sink_finish(chain);
	sink_release(chain);
}

/*
 * Restores a segment of WAL.  The server is told that it was archived: what
 * the backup holds need not be archived by whoever restores it.
 */
static void
restore_segment(RestoreWork *work, const ManifestObject *object)
{
	const Target *target = work->plan->target;
	char	   *segment = wal_object_segment(object);
	char	   *path = psprintf("pg_wal/%s", segment);
	char	   *done = psprintf("pg_wal/archive_status/%s.done", segment);
	int			mode = S_IRUSR | S_IWUSR | (target->mode & S_IRGRP);
	int			fd = target_create_file(target, data_path(path), mode);
	Sink	   *sink = fd_sink(fd, path, NULL);

	object_read(work->repository, work->backup, object, sink);
	sink_release(sink);
	end_file(fd);
	end_file(target_create_file(target, data_path(done), mode));
	__atomic_add_fetch(&work->counters->bytes_done, object->size, __ATOMIC_SEQ_CST);
	pfree(done);
	pfree(path);
	pfree(segment);
}

/*
 * What one of the processes does: packs, then segments of WAL.
 */
static void
restore_step(void *context)
{
	RestoreWork *work = context;
	const RestorePlan *plan = work->plan;
	int			item;

	while ((item = restore_next_item(work)) < plan->pack_count + plan->wal_count)
	{
		work->taken[workers_number()] = item;
		if (item >= plan->pack_count)
			restore_segment(work, plan->wal[item - plan->pack_count]);
		else if (!pack_is_kept(plan, &plan->packs[item]))
			restore_pack(work, &plan->packs[item]);
	}
}

void
restore_folders(RestoreWork *work)
{
	const RestorePlan *plan = work->plan;

	for (int i = 0; i < plan->folder_count; i++)
	{
		TargetPath	place = target_locate(plan->target, &plan->folders[i]);

		/* Whoever restores has to write into it. */
		if (place.path[0] != '\0')
			target_make_folder(plan->target, place,
							   (plan->folders[i].member.mode & (S_IRWXU | S_IRWXG | S_IRWXO)) |
							   S_IRWXU);
	}
	target_make_folder(plan->target, data_path("pg_wal"), plan->target->mode);
	target_make_folder(plan->target, data_path("pg_wal/archive_status"),
					   plan->target->mode);
}

/*
 * Fails with what is wrong with an object.  That its stored bytes are not those
 * of the manifest is told before what is wrong with its content; both were had
 * by reading once.
 */
static void
fail_item(RestoreWork *work, int item, const Failure *problem)
{
	const RestorePlan *plan = work->plan;
	const Manifest *manifest = work->backup->manifest;
	const ManifestObject *object = item < plan->pack_count ?
		manifest_pack(manifest, plan->packs[item].pack) : plan->wal[item - plan->pack_count];
	int64		done = 0;

	if (problem->kind == FAILURE_DAMAGED)
		object_verify_digest(work->repository, manifest->id, object, true, &done, NULL);
	fail_with(problem);
}

void
restore_files(RestoreWork *work)
{
	Failure		problem;
	int			failed;

	work->taken = workers_share(work->jobs * sizeof(int));
	begin_work(work, "restoring", work->plan->bytes);
	failed = workers_try(restore_step, work, work->jobs, report_work, &problem);
	if (failed >= 0)
		fail_item(work, work->taken[failed], &problem);
}

/*
 * Makes a segment of WAL durable.
 */
static void
sync_segment(const RestorePlan *plan, const ManifestObject *object)
{
	char	   *segment = wal_object_segment(object);
	char	   *path = psprintf("pg_wal/%s", segment);

	target_sync(plan->target, data_path(path));
	pfree(path);
	pfree(segment);
}

/*
 * Makes a part of the files durable, those that were kept, too: whoever wrote
 * them need not have.
 */
static void
sync_step(void *context)
{
	RestoreWork *work = context;
	const RestorePlan *plan = work->plan;
	int			item;

	while ((item = restore_next_item(work)) * SYNC_BATCH < plan->count)
	{
		for (int i = item * SYNC_BATCH; i < Min(plan->count, (item + 1) * SYNC_BATCH); i++)
		{
			if (plan->actions[i] != PLAN_SKIP)
				target_sync(plan->target, target_locate(plan->target, &plan->files[i]));
		}
	}
}

void
restore_sync(RestoreWork *work)
{
	const RestorePlan *plan = work->plan;

	restore_work_run(work, sync_step, "syncing", 0);
	for (int i = 0; i < plan->wal_count; i++)
		sync_segment(plan, plan->wal[i]);
	for (int i = 0; i < plan->folder_count; i++)
		target_sync(plan->target, target_locate(plan->target, &plan->folders[i]));
	target_sync(plan->target, data_path("pg_wal/archive_status"));
	target_sync(plan->target, data_path("pg_wal"));
	for (int i = 0; i < plan->target->count; i++)
		target_sync(plan->target, target_path(i, ""));
}

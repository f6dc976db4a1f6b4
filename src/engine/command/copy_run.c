/*
 * Copying a backup: its objects side by side, each in a process of its own.
 */
#include "postgres_fe.h"

#include "cluster/workers.h"
#include "command/copy_run.h"
#include "isolated.h"
#include "protocol.h"
#include "repository/backup_copy.h"
#include "repository/wal_copy.h"

/* How often progress is looked at. */
#define WATCH_MS 500

/* More objects than these are not copied at a time. */
#define COPY_LIMIT 64

/* What is done to an object; *done grows by its bytes. */
typedef void (*ObjectWork) (BackupCopy *copy, int object, int64 *done);

/* Something that is done to all objects. */
typedef struct CopyPass
{
	BackupCopy *copy;
	ObjectWork	work;
	const char *phase;
	int64	   *done;			/* bytes of each object; shared */
	int			object;			/* of the process that is started next */
} CopyPass;

/*
 * Says how far the work is.
 */
static void
report(const CopyPass *pass)
{
	int64		done = 0;

	for (int i = 0; i < pass->copy->manifest->object_count; i++)
		done += pass->done[i];
	progress_report(pass->phase, NULL, done,
					manifest_stored_size(pass->copy->manifest));
}

static void
object_step(void *context)
{
	CopyPass   *pass = context;

	pass->work(pass->copy, pass->object, &pass->done[pass->object]);
}

/*
 * Fails as an object did, once nothing is under way any more.  One that is
 * missing because its backup is being deleted is no damage.
 */
static void
give_up(const CopyPass *pass, Isolated **running, int count, const Failure *problem)
{
	for (int i = 0; i < count; i++)
	{
		if (running[i] != NULL)
			isolated_kill(running[i]);
	}
	if (problem->kind == FAILURE_DAMAGED)
		(void) backup_texts_read(pass->copy->source, pass->copy->texts.id);
	fail_with(problem);
}

/*
 * Does something to all objects, so many at a time.
 */
static void
run_pass(CopyPass *pass, int jobs)
{
	Isolated   *running[COPY_LIMIT] = {NULL};
	int			object_count = pass->copy->manifest->object_count;
	int			count = Max(1, Min(jobs, COPY_LIMIT));
	int			ended = 0;
	Failure		problem;

	while (ended < object_count)
	{
		int			slot;

		for (int i = 0; i < count && pass->object < object_count; i++)
		{
			if (running[i] != NULL)
				continue;
			running[i] = isolated_start(object_step, pass);
			pass->object++;
		}
		slot = isolated_wait_any(running, count, WATCH_MS);
		report(pass);
		if (slot < 0)
			continue;
		if (!isolated_finish(running[slot], &problem))
		{
			running[slot] = NULL;
			give_up(pass, running, count, &problem);
		}
		running[slot] = NULL;
		ended++;
	}
	report(pass);
}

/*
 * Says, as long as there is progress, that the folder is ours.
 */
static void
renew_claim(void *writer)
{
	backup_renew(writer);
}

/*
 * Copies all objects, and reads them back.
 */
static void
copy_objects(BackupCopy *copy, int jobs)
{
	size_t		size = copy->manifest->object_count * sizeof(int64);
	CopyPass	copying = {copy, backup_copy_object, "copying", workers_share(size)};
	CopyPass	verifying = {copy, backup_copy_check, "verifying", workers_share(size)};

	progress_set_companion(renew_claim, copy->writer);
	run_pass(&copying, jobs);
	run_pass(&verifying, jobs);
	progress_set_companion(NULL, NULL);
}

CopyOutcome
copy_backup(Repository *source, Repository *target, const char *backup_id, int jobs)
{
	BackupCopy *copy = backup_copy_begin(source, target, backup_id);
	CopyOutcome outcome = {
		.was_there = copy->writer == NULL,
		.authenticated = copy->authenticated,
		.stored_bytes = manifest_stored_size(copy->manifest)
	};

	if (!outcome.was_there)
		copy_objects(copy, jobs);
	backup_copy_finish(copy);
	return outcome;
}

/*
 * Says how far the copying of WAL is.
 */
static void
report_wal(int64 done, int64 expected)
{
	progress_report("copying", NULL, done, expected);
}

int
copy_wal(Repository *source, Repository *target)
{
	cluster_keys_copy(source->store, target->store, target->prefix);
	return wal_archive_copy(source, target, report_wal);
}

/*
 * Copying a backup: its objects side by side, each in a process of its own.
 */
#include "postgres_fe.h"

#include "cluster/workers.h"
#include "command/copy_run.h"
#include "command/verify_note.h"
#include "isolated.h"
#include "process.h"
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
	bool		looks;			/* damage is noted, and no failure */
	int64	   *done;			/* bytes of each object; shared */
	int			object;			/* of the process that is started next */
	Isolated   *running[COPY_LIMIT];
	int			objects[COPY_LIMIT];	/* that these processes are at */
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
give_up(const CopyPass *pass, const Failure *problem)
{
	for (int i = 0; i < COPY_LIMIT; i++)
	{
		if (pass->running[i] != NULL)
			isolated_kill(pass->running[i]);
	}
	if (problem->kind == FAILURE_DAMAGED)
		(void) backup_texts_read(pass->copy->source, pass->copy->texts.id);
	fail_with(problem);
}

/*
 * Begins with as many objects as may be under way.
 */
static void
start_objects(CopyPass *pass, int count)
{
	for (int i = 0; i < count && pass->object < pass->copy->manifest->object_count; i++)
	{
		if (pass->running[i] != NULL)
			continue;
		pass->objects[i] = pass->object;
		pass->running[i] = isolated_start(object_step, pass);
		pass->object++;
	}
}

/*
 * Takes the end of a process.
 */
static void
take_end(CopyPass *pass, int slot)
{
	Isolated   *ended = pass->running[slot];
	Failure		problem;

	pass->running[slot] = NULL;
	if (isolated_finish(ended, &problem))
		return;
	if (!pass->looks || problem.kind != FAILURE_DAMAGED)
		give_up(pass, &problem);
	pass->copy->is_there[pass->objects[slot]] = false;
}

/*
 * Does something to all objects, so many at a time.
 */
static void
run_pass(CopyPass *pass, int jobs)
{
	int			count = Max(1, Min(jobs, COPY_LIMIT));
	int			ended = 0;

	pass->done = workers_share(pass->copy->manifest->object_count * sizeof(int64));
	while (ended < pass->copy->manifest->object_count)
	{
		int			slot;

		start_objects(pass, count);
		slot = isolated_wait_any(pass->running, count, WATCH_MS);
		report(pass);
		if (slot < 0)
			continue;
		take_end(pass, slot);
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
 * Says what of a copy is to be mended; true if anything is.
 */
static bool
tell_damage(const BackupCopy *copy)
{
	const Manifest *manifest = copy->manifest;
	const char *first = copy->manifest_is_damaged ? "manifest.json" : NULL;
	int			count = copy->manifest_is_damaged;

	for (int i = 0; i < manifest->object_count; i++)
	{
		if (copy->is_there[i])
			continue;
		if (first == NULL)
			first = manifest->objects[i].name;
		count++;
	}
	if (count > 0)
		notice("warning", NULL,
			   "backup \"%s\" in repository \"%s\" is damaged and is mended: %d of its objects are missing or something else, the first one is \"%s\"",
			   manifest->id, copy->target->store->url, count, first);
	return count > 0;
}

/*
 * Looks at all objects that are there.  True if something is to be copied.
 */
static bool
look_for_damage(BackupCopy *copy, int jobs)
{
	CopyPass	looking = {copy, backup_copy_look, "verifying", .looks = true};

	run_pass(&looking, jobs);
	if (copy->writer != NULL)
		return true;
	backup_copy_require_published(copy);
	return tell_damage(copy);
}

/*
 * Copies all objects that are not there, and reads them back.  True if
 * anything was to be copied.
 */
static bool
copy_objects(BackupCopy *copy, int jobs)
{
	CopyPass	copying = {copy, backup_copy_object, "copying"};
	CopyPass	verifying = {copy, backup_copy_check, "verifying"};
	bool		is_incomplete;

	if (copy->writer != NULL)
		progress_set_companion(renew_claim, copy->writer);
	is_incomplete = !copy->mends || look_for_damage(copy, jobs);
	if (is_incomplete)
	{
		run_pass(&copying, jobs);
		run_pass(&verifying, jobs);
	}
	progress_set_companion(NULL, NULL);
	return is_incomplete;
}

CopyOutcome
copy_backup(Repository *source, Repository *target, const char *backup_id, int jobs,
			bool mends)
{
	BackupCopy *copy = backup_copy_begin(source, target, backup_id, mends);
	CopyOutcome outcome = {
		.was_there = copy->writer == NULL,
		.was_read = copy->writer != NULL || mends,
		.authenticated = copy->authenticated,
		.stored_bytes = manifest_stored_size(copy->manifest)
	};

	if (outcome.was_read)
		outcome.was_mended = copy_objects(copy, jobs) && outcome.was_there;
	backup_copy_finish(copy);
	outcome.was_mended |= copy->events_mended;
	return outcome;
}

void
copy_take_back_failure(Repository *target, const char *backup_id,
					   const CopyOutcome *outcome, const char *bindir, int jobs)
{
	NotedVerification verification = {.repository = target, .jobs = jobs};
	const char *problem;
	int64		at_ms;

	if (!outcome->was_there || !outcome->was_read || !outcome->authenticated)
		return;
	verification.backup = backup_load(target, backup_id);
	if (backup_verification(verification.backup, &at_ms, &verification.depth, &problem))
		return;
	verification.pg_restore = verification.depth < VERIFY_ARCHIVE ? NULL :
		program_path(bindir, "pg_restore");
	verify_and_note(&verification);
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

/*
 * What becomes of the backups of a cluster.
 */
#include "postgres_fe.h"

#include <time.h>
#include <unistd.h>

#include "isolated.h"
#include "repository/expiry.h"

/* What is to be done in a child process with all that was found. */
typedef struct PlanStep
{
	Repository *repository;
	const Expiry *expiry;
} PlanStep;

/* A backup to be deleted in a child process. */
typedef struct DeleteStep
{
	Repository *repository;
	const ExpiryItem *item;
	const char *rule;			/* NULL if there is no room to store it */
} DeleteStep;

RetentionState
expiry_state(FolderState folder, bool is_being_written, bool is_verified)
{
	switch (folder)
	{
		case FOLDER_DELETING:
			return RETENTION_DELETING;
		case FOLDER_UNFINISHED:
			return is_being_written ? RETENTION_RUNNING : RETENTION_UNFINISHED;
		case FOLDER_PUBLISHED:
			return is_verified ? RETENTION_VERIFIED : RETENTION_DAMAGED;
		case FOLDER_MANIFEST_LOST:
		case FOLDER_ABSENT:
			break;
	}
	return RETENTION_DAMAGED;
}

/*
 * What retention is told of a backup that can be read.
 */
static void
judge_backup(const Backup *backup, RetentionBackup *judged)
{
	int64		damaged_ms = backup_damaged_since(backup);
	const char *reason;

	judged->state = expiry_state(FOLDER_PUBLISHED, false, damaged_ms == 0);
	judged->pinned = backup_is_pinned(backup, &reason);
	judged->touched_at = damaged_ms / 1000;
}

/*
 * What retention is told of an item, but for its kind.
 */
static void
judge_item(Repository *repository, const ExpiryItem *item, int64 now,
		   RetentionBackup *judged)
{
	const BackupFolder *folder = &item->folder;
	WriterState writer = folder->state == FOLDER_UNFINISHED ?
		backup_writer_state(repository, folder->id) : WRITER_UNKNOWN;
	bool		written = writer == WRITER_RUNS || writer == WRITER_IS_THIS;

	int64		last_written = item->backup == NULL ? (int64) folder->modified :
		item->backup->manifest->finished_ms / 1000;

	if (repository->store->lock_days > 0)
		judged->locked_until = last_written + INT64CONST(86400) * repository->store->lock_days;
	judged->made_at = item->made_at;
	judged->parent = RETENTION_NO_PARENT;
	if (item->backup != NULL)
	{
		judge_backup(item->backup, judged);
		return;
	}
	judged->state = expiry_state(folder->state, written, false);
	judged->touched_at = folder->modified;

	/* Found just now: nothing in the folder says so yet. */
	if (judged->state == RETENTION_DAMAGED && !folder->noted_unreadable)
		judged->touched_at = now;
}

/*
 * Does an identifier stand for a backup that counts as published?
 */
static bool
is_published(const BackupFolder *folder)
{
	return folder->state == FOLDER_PUBLISHED ||
		folder->state == FOLDER_MANIFEST_LOST;
}

/*
 * Takes what was read of a published backup.  False if it is gone.
 */
static bool
take_entry(ExpiryItem *item, const BackupEntry *entries, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (strcmp(entries[i].id, item->folder.id) != 0)
			continue;
		if (entries[i].backup == NULL &&
			entries[i].problem.kind != FAILURE_DAMAGED)
			fail_with(&entries[i].problem);
		item->backup = entries[i].backup;
		return true;
	}
	return false;
}

/*
 * Reads what there is.
 */
static void
collect_items(Repository *repository, Expiry *expiry)
{
	int			folder_count;
	int			entry_count;
	BackupFolder *folders = repository_folders(repository, &folder_count);
	BackupEntry *entries = repository_load_all(repository, &entry_count);

	expiry->items = pg_malloc0((folder_count + 1) * sizeof(ExpiryItem));
	for (int i = 0; i < folder_count; i++)
	{
		ExpiryItem *item = &expiry->items[expiry->count];
		int64_t		made_at;

		item->folder = folders[i];
		if (!backup_id_parse(folders[i].id, &made_at, &item->type))
			continue;
		item->made_at = made_at;
		if (!is_published(&folders[i]) ||
			take_entry(item, entries, entry_count))
			expiry->count++;
	}
	pg_free(entries);
	pg_free(folders);
}

/*
 * The verified physical backups, and in *items which ones they are; both are
 * allocated.
 */
static WalExpiryBackups
verified_physical(const Expiry *expiry, int **items)
{
	WalRetentionBackup *verified = pg_malloc0((expiry->count + 1) * sizeof(WalRetentionBackup));
	WalExpiryBackups found = {.backups = verified};

	*items = pg_malloc0((expiry->count + 1) * sizeof(int));
	for (int i = 0; i < expiry->count; i++)
	{
		const Backup *backup = expiry->items[i].backup;
		const PhysicalBackup *physical = backup == NULL ? NULL : backup->manifest->physical;

		if (physical == NULL || expiry->judged[i].state != RETENTION_VERIFIED)
			continue;
		if (found.count == 0)
			found.segment_bytes = physical->wal_segment_size;
		if (found.segment_bytes != (uint64) physical->wal_segment_size)
			found.segment_bytes = 0;
		(*items)[found.count] = i;
		verified[found.count++] = (WalRetentionBackup)
		{
			physical->timeline, physical->start_lsn, physical->stop_lsn,
				backup->manifest->finished_ms / 1000
		};
	}
	return found;
}

/*
 * Decides about WAL, and which backups are of use with it.
 */
static void
plan_wal(Repository *repository, Expiry *expiry, int64 now)
{
	int		   *items;
	WalExpiryBackups backups = verified_physical(expiry, &items);

	backups.window_start = wal_retention_window_start(backups.backups, backups.count, now,
													  expiry->policy.recovery_window_s);
	expiry->wal = wal_expiry_plan(repository, &backups);
	for (int i = 0; i < backups.count; i++)
		expiry->judged[items[i]].base_of_window = expiry->wal->is_base[i];
	pg_free(items);
}

/*
 * Puts the decision about an item into words.  One whose deletion has begun
 * keeps the words that it began with.
 */
static char *
explain(Repository *repository, const Expiry *expiry, int item)
{
	char		words[RETENTION_TEXT_SIZE];
	char	   *rule = NULL;

	retention_explain(&expiry->policy, &expiry->judged[item], words);
	if (expiry->judged[item].state == RETENTION_DELETING)
		rule = backup_deletion_rule(repository, expiry->items[item].folder.id);
	return rule == NULL ? pg_strdup(words) : psprintf("%s: %s", words, rule);
}

Expiry *
expiry_plan(Repository *repository, const RetentionPolicy *policy)
{
	Expiry	   *expiry = pg_malloc0(sizeof(Expiry));
	int64		now = time(NULL);
	int		   *kinds;

	expiry->policy = *policy;
	collect_items(repository, expiry);
	kinds = pg_malloc0((expiry->count + 1) * sizeof(int));
	expiry->judged = pg_malloc0((expiry->count + 1) * sizeof(RetentionBackup));
	expiry->order = pg_malloc0((expiry->count + 1) * sizeof(RetentionBackup *));
	expiry_number_kinds(expiry->items, expiry->count, kinds);
	for (int i = 0; i < expiry->count; i++)
	{
		judge_item(repository, &expiry->items[i], now, &expiry->judged[i]);
		expiry->judged[i].kind = kinds[i];
	}
	plan_wal(repository, expiry, now);
	expiry->deletions = retention_decide(policy, now, expiry->judged,
										 expiry->count, expiry->order);
	for (int i = 0; i < expiry->count; i++)
	{
		expiry->items[i].reason = explain(repository, expiry, i);
		expiry->confirmations += expiry->judged[i].decision == RETENTION_CONFIRM;
	}
	pg_free(kinds);
	return expiry;
}

static void
delete_step(void *context)
{
	DeleteStep *step = context;

	backup_delete(step->repository, &step->item->folder, step->item->backup,
				  step->rule);
}

/*
 * Takes back the decision about a backup that was pinned, or became another
 * thing, before its turn came.
 */
static void
withdraw(Expiry *expiry, int item)
{
	expiry->judged[item].decision = RETENTION_KEEP;
	pg_free(expiry->items[item].reason);
	expiry->items[item].reason = pg_strdup("changed during the clean-up");
}

/*
 * Deletes one backup.  False, with the failure, if that is not possible.  One
 * that is gone is gone, whatever became of the process that did it.
 */
static bool
delete_item(Repository *repository, Expiry *expiry, int item,
			ExpiryReporter report, Failure *problem)
{
	DeleteStep	step = {repository, &expiry->items[item], expiry->items[item].reason};
	bool		done = isolated_run(delete_step, &step, problem);

	if (!done && problem->kind == FAILURE_DISK_FULL)
	{
		step.rule = NULL;
		done = isolated_run(delete_step, &step, problem);
	}
	if (backup_folder_state(repository, step.item->folder.id) == FOLDER_ABSENT)
	{
		report(expiry, item);
		return true;
	}
	if (done)
		withdraw(expiry, item);
	return done;
}

static void
expire_wal_step(void *context)
{
	const PlanStep *step = context;

	wal_expiry_apply(step->repository, step->expiry->wal);
}

/*
 * Removes the WAL that is not needed, once the backups are dealt with.
 */
static bool
expire_wal(PlanStep *plan, ExpiryReporter report, Failure *problem)
{
	if (plan->expiry->wal->doomed_count == 0)
		return true;
	if (!isolated_run(expire_wal_step, plan, problem))
		return false;
	report(plan->expiry, EXPIRY_WAL);
	return true;
}

/*
 * Notes of those that cannot be read since when that is known, and removes
 * what deletions that were cut short have left of folders, and writers of WAL.
 */
static void
tidy_step(void *context)
{
	const PlanStep *step = context;
	char	   *prefix = psprintf("%sbackup/", step->repository->prefix);
	char	   *wal_prefix = psprintf("%swal/", step->repository->prefix);

	store_prune(step->repository->store, prefix);
	store_prune(step->repository->store, wal_prefix);
	for (int i = 0; i < step->expiry->count; i++)
	{
		const ExpiryItem *item = &step->expiry->items[i];

		if (item->backup == NULL && is_published(&item->folder) &&
			!item->folder.noted_unreadable &&
			step->expiry->judged[i].decision != RETENTION_DELETE)
			backup_note_unreadable(step->repository, item->folder.id);
	}
	pg_free(wal_prefix);
	pg_free(prefix);
}

void
expiry_apply(Repository *repository, Expiry *expiry, ExpiryReporter report)
{
	PlanStep	plan = {repository, expiry};
	Failure		first = {0};
	Failure		problem;
	bool		failed = false;

	for (int i = 0; i < expiry->deletions; i++)
	{
		int			item = (int) (expiry->order[i] - expiry->judged);

		if (delete_item(repository, expiry, item, report, &problem))
			continue;
		if (!failed)
			first = problem;
		failed = true;
	}

	if (!expire_wal(&plan, report, &problem) && !failed)
	{
		first = problem;
		failed = true;
	}

	/* There may have been no room for notes before. */
	if (!isolated_run(tidy_step, &plan, &problem) && !failed)
		fail_with(&problem);
	if (failed)
		fail_with(&first);
}

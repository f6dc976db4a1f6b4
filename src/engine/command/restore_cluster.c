/*
 * "erpgo_backup restore --pgdata": a physical backup into a data directory.
 *
 * pg_control is written last, so that a directory which is not complete does
 * not start.
 */
#include "command/restore_cluster.h"

#include <sys/stat.h>

#include "cluster/control.h"
#include "cluster/restore_delta.h"
#include "cluster/workers.h"
#include "command/arguments.h"
#include "command/guard.h"
#include "command/human.h"
#include "command/repositories.h"
#include "command/terminal.h"
#include "command/verify_backup.h"
#include "isolated.h"
#include "protocol.h"
#include "repository/backup_gather.h"
#include "repository/instance.h"
#include "repository/owner.h"

const char *
cluster_resolve_id(Repository *repository, const RecoveryTarget *target,
				   const char *id_or_latest)
{
	int			count;
	char	  **ids;

	if (strcmp(id_or_latest, "latest") != 0)
		return id_or_latest;
	if (target->kind != RECOVERY_NONE)
		return recovery_choose_backup(repository, target);
	ids = repository_backup_ids(repository, &count);
	for (int i = count - 1; i >= 0; i--)
	{
		const char *type = strchr(ids[i], '-');

		if (type != NULL && strcmp(type + 1, backup_type_name(BACKUP_PHYSICAL)) == 0)
			return ids[i];
	}
	fail(FAILURE_UNDEFINED, NULL, "there is no physical backup of cluster \"%s\"",
		 repository->cluster);
}

/*
 * Is an object listed as one that has the size that it is to have?
 */
static bool
is_listed(const StoreListing *listing, const char *name, int64 size)
{
	for (int i = 0; i < listing->count; i++)
	{
		if (listing->objects[i].size == size && strcmp(listing->objects[i].name, name) == 0)
			return true;
	}
	return false;
}

/*
 * Fails unless all objects that will be needed are there with the size that
 * they are to have.  One that is not listed so is read: a listing may be late.
 * So is a small one that came, and was not right.
 */
static void
require_objects(ClusterRestore *restore)
{
	Repository *repository = restore->repository;
	const Manifest *manifest = restore->backup->manifest;
	Verification verification = verification_make(repository, restore->backup, VERIFY_DIGEST, NULL);
	char	   *folder = backup_object_name(repository, manifest->id, "");
	StoreListing listing = store_list(repository->store, folder);

	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];
		char	   *name = backup_object_name(repository, manifest->id, object->name);

		if (object->kind != OBJECT_PAGES &&
			(gathered_is_damaged(name) || !is_listed(&listing, name, object->stored_size)))
			object_verify(&verification, object);
		pg_free(name);
	}
	store_listing_free(&listing);
	pg_free(folder);
}

/*
 * Compares the digests of all objects that will be needed.
 */
static void
verify_objects(ClusterRestore *restore)
{
	const Manifest *manifest = restore->backup->manifest;
	Verification verification = verification_make(restore->repository, restore->backup,
												  VERIFY_DIGEST, NULL);

	for (int i = 0; i < manifest->object_count; i++)
	{
		if (manifest->objects[i].kind == OBJECT_PAGES)
			verification.bytes_expected -= manifest->objects[i].stored_size;
	}
	for (int i = 0; i < manifest->object_count; i++)
	{
		if (manifest->objects[i].kind != OBJECT_PAGES)
			object_verify(&verification, &manifest->objects[i]);
	}
}

/*
 * Looks whether the backup is good.  What comes from a server into a new
 * directory is read only once, when it is restored, which compares everything
 * as well: until then no server starts there.
 */
static void
check_source(ClusterRestore *restore)
{
	backup_gather(restore->repository, restore->backup->manifest);
	if (store_is_on_server(restore->repository->store) && !restore->request->delta)
		require_objects(restore);
	else
		verify_objects(restore);
}

/*
 * Reads a small object that every physical backup has.
 */
static char *
read_required(const ClusterRestore *restore, ObjectKind kind, size_t *len)
{
	const Manifest *manifest = restore->backup->manifest;
	const ManifestObject *object = manifest_object(manifest, kind);

	if (object == NULL)
		fail(FAILURE_DAMAGED, NULL, "backup \"%s\" has no object of the kind \"%s\"",
			 manifest->id, object_kind_name(kind));
	return object_read_bytes(restore->repository, restore->backup, object, len);
}

/*
 * Reads everything that can be known before anything is written.
 */
static void
read_backup(ClusterRestore *restore)
{
	const Manifest *manifest = restore->backup->manifest;
	size_t		len;

	restore->label = read_required(restore, OBJECT_LABEL, &len);
	label_check(restore->label, "backup_label", manifest->physical);
	restore->control = read_required(restore, OBJECT_CONTROL, &len);
	control_check(restore->control, len, "pg_control", manifest->system_identifier);
	restore->plan = restore_plan_read(restore->repository, restore->backup,
									  restore->target);
	restore->work.plan = restore->plan;
}

/*
 * Decides what modes the server wants: its group may read either everything
 * or nothing.
 */
static void
choose_mode(ClusterRestore *restore)
{
	const RestorePlan *plan = restore->plan;

	for (int i = 0; i < plan->folder_count; i++)
	{
		if (strcmp(plan->folders[i].member.path, "global") == 0 &&
			(plan->folders[i].member.mode & S_IRGRP) != 0)
			restore->target->mode = S_IRWXU | S_IRGRP | S_IXGRP;
	}
}

/*
 * Makes the target one that cannot be started, and has nothing that does not
 * belong there.
 */
static void
prepare_target(ClusterRestore *restore)
{
	Target	   *target = restore->target;
	char	   *marker = psprintf("%s\n", restore->repository->system_identifier);

	if (restore->request->delta)
	{
		target_open(target);
		restore_compare(&restore->work);
	}
	cluster_check_room(restore);
	target_open(target);
	restore->progress->begun = true;
	target_write_file(target, data_path(RESTORE_MARKER), cluster_file_mode(restore),
					  marker, strlen(marker));
	target_make_folder(target, data_path(""), target->mode);
	for (int i = TARGET_TABLESPACES; i < target->count; i++)
		target_make_folder(target, target_path(i, ""), target->mode);
	if (restore->request->delta)
	{
		target_remove_file(target, data_path("global/pg_control"));
		target_sync(target, data_path("global"));
		restore_remove_rest(&restore->work);
	}
	pfree(marker);
}

/*
 * Makes the links to the folders of tablespaces.  With them in place, the
 * server needs no map of tablespaces.
 */
static void
make_links(const ClusterRestore *restore)
{
	const Target *target = restore->target;

	for (int i = TARGET_TABLESPACES; i < target->count; i++)
	{
		char	   *path = psprintf("pg_tblspc/%u", target->folders[i].tablespace);

		target_make_link(target, data_path(path), target->folders[i].path);
		pfree(path);
	}
}

/*
 * Makes the cluster one that can be started.
 */
static void
finish_target(ClusterRestore *restore)
{
	const Target *target = restore->target;

	target_write_file(target, data_path("global/pg_control"),
					  cluster_file_mode(restore), restore->control, CONTROL_SIZE);
	target_remove_file(target, data_path(RESTORE_MARKER));
	target_sync(target, data_path(""));
}

/*
 * What is done in a worker.
 */
static void
fill_target(void *context)
{
	ClusterRestore *restore = context;
	char		instance[INSTANCE_ID_SIZE];

	cluster_scan_recovery(restore);
	prepare_target(restore);
	restore_folders(&restore->work);
	make_links(restore);
	restore_files(&restore->work);
	target_write_file(restore->target, data_path("backup_label"),
					  cluster_file_mode(restore), restore->label, strlen(restore->label));
	cluster_configure(restore);
	if (restore->request->take_over)
		instance_renew(restore->target->folders[TARGET_DATA].path, instance);
	cluster_write_manifest(restore);
	restore_sync(&restore->work);
	finish_target(restore);
}

/*
 * What was restored, as JSON.
 */
static json_t *
report_json(const ClusterRestore *restore, int64 duration_ms, json_t *reached)
{
	const Target *target = restore->target;
	const RestoreCounters *counters = restore->work.counters;
	json_t	   *tablespaces = json_array();

	for (int i = TARGET_TABLESPACES; i < target->count; i++)
		json_array_append_new(tablespaces,
							  json_pack("{s:I, s:o}",
										"oid", (json_int_t) target->folders[i].tablespace,
										"location", json_text(target->folders[i].path)));
	return json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:i, s:o, s:I, s:o}",
					 "id", restore->backup->manifest->id,
					 "pgdata", json_text(target->folders[TARGET_DATA].path),
					 "tablespaces", tablespaces,
					 "files_written", (json_int_t) counters->files_written,
					 "files_kept", (json_int_t) counters->files_kept,
					 "files_removed", (json_int_t) counters->files_removed,
					 "bytes", (json_int_t) restore->plan->bytes,
					 "wal_segments", restore->plan->wal_count,
					 "recovery", cluster_recovery_json(restore),
					 "duration_ms", (json_int_t) duration_ms,
					 "start", reached);
}

/*
 * Says what was restored.
 */
static void
report(const ClusterRestore *restore, int64 duration_ms)
{
	const RestoreCounters *counters = restore->work.counters;

	printf("restored backup %s to \"%s\": %s in %s (files written: %lld, kept: %lld, removed: %lld)\n",
		   restore->backup->manifest->id,
		   printable_text(restore->target->folders[TARGET_DATA].path),
		   bytes_text(restore->plan->bytes), duration_text(duration_ms),
		   (long long) counters->files_written, (long long) counters->files_kept,
		   (long long) counters->files_removed);
	cluster_report_recovery(restore);
}

/* A repository that is taken over in a process of its own. */
typedef struct TakeOver
{
	const ClusterRestore *restore;
	const ListedRepository *listed;
} TakeOver;

static void
take_over_step(void *context)
{
	TakeOver   *step = context;
	const ClusterRestore *restore = step->restore;

	owner_adopt(repository_open_listed(restore->options, step->listed),
				restore->target->folders[TARGET_DATA].path);
}

/*
 * Makes the restored server the owner of the repository that it came from, and
 * of the others that there are.
 */
static void
take_repositories_over(const ClusterRestore *restore)
{
	const RepositoryList *list = repositories_from_options(restore->options);
	Failure		problem;

	owner_adopt(restore->repository, restore->target->folders[TARGET_DATA].path);
	for (int i = 0; i < list->count; i++)
	{
		TakeOver	step = {restore, &list->repositories[i]};

		if (strcmp(step.listed->url, restore->repository->store->url) != 0 &&
			!isolated_run(take_over_step, &step, &problem))
			notice("warning", "Run SELECT erpgo_backup_adopt() on the restored server when it is back.",
				   "the restored server does not own repository \"%s\": %s",
				   step.listed->url, problem.message);
	}
}

/*
 * Does what remains when all files are there, and says what was done.
 */
static void
conclude(const ClusterRestore *restore, int64 duration_ms)
{
	json_t	   *reached = json_null();

	if (!restore->options->json)
		report(restore, duration_ms);
	fflush(stdout);
	if (restore->request->take_over)
		take_repositories_over(restore);
	if (restore->request->start)
		reached = cluster_start(restore);
	terminal_progress_clear();
	if (restore->options->json)
		json_print(report_json(restore, duration_ms, reached));
	else if (restore->request->start)
		cluster_report_start(reached);
}

/*
 * Fails unless a backup is a physical one.
 */
static void
require_physical(const Backup *backup)
{
	if (backup->manifest->physical == NULL)
		fail(FAILURE_STATE, NULL, "backup \"%s\" is not a physical one", backup->manifest->id);
}

void
cluster_verify_source(const ClusterRequest *request, Repository *repository, Backup *backup)
{
	ClusterRestore restore = {request, NULL, repository, backup};

	require_physical(backup);
	if (request->recovery.kind != RECOVERY_NONE)
		(void) recovery_plan(repository, backup->manifest, &request->recovery,
							 !request->standby);
	backup_gather(repository, backup->manifest);
	verify_objects(&restore);
}

int
restore_cluster(const ClusterRequest *request, Repository *repository, Backup *backup,
				const CommonOptions *options)
{
	ClusterRestore restore = {request, options, repository, backup};
	int64		started_ms = time_now_ms();
	int			exit_code;

	restore.progress = workers_share(sizeof(ClusterProgress));
	restore.work.repository = repository;
	restore.work.backup = backup;
	restore.work.counters = workers_share(sizeof(RestoreCounters));
	restore.work.jobs = options->jobs;
	require_physical(backup);
	cluster_prepare_start(&restore);
	cluster_plan_recovery(&restore);
	cluster_choose_target(&restore);
	if (!request->is_verified)
		check_source(&restore);
	read_backup(&restore);
	choose_mode(&restore);
	cluster_check_target(&restore);

	guard_begin();
	exit_code = guarded_run(fill_target, &restore);
	guard_end();
	terminal_progress_clear();
	if (exit_code == 0)
		conclude(&restore, time_now_ms() - started_ms);
	else if (restore.progress->begun)
		notice("warning",
			   "Repeat the restore with --delta, which goes on where this one ended, or remove the directory.",
			   "directory \"%s\" is incomplete, and no server starts there",
			   restore.target->folders[TARGET_DATA].path);
	return exit_code;
}

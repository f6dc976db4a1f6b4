/*
 * "erpgo_backup restore": a logical backup into a database, or a file.
 */
#include "postgres_fe.h"

#include "cluster/workers.h"
#include "command/arguments.h"
#include "command/guard.h"
#include "command/human.h"
#include "command/repositories.h"
#include "command/restore.h"
#include "command/restore_arguments.h"
#include "command/terminal.h"
#include "command/verify_backup.h"
#include "command/workspace.h"
#include "process.h"
#include "protocol.h"
#include "repository/sealing.h"

/*
 * Fails unless the backup may be used: whoever can write to the repository
 * could have put one there that is not encrypted.
 */
static void
check_encryption(const Restore *restore)
{
	if (restore->backup->manifest->cipher == CIPHER_NONE &&
		(restore->repository->master_key != NULL || sealing_has_private_key()) &&
		!restore->request.allow_unencrypted)
		fail(FAILURE_STATE,
			 "Whoever can write to the repository can make such a backup. If it is yours, use --allow-unencrypted.",
			 "backup \"%s\" is not encrypted, but an encryption key is given",
			 restore->backup->manifest->id);
}

/*
 * The names of the databases in a backup, for a hint; allocated.
 */
static char *
database_names(const Manifest *manifest)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < manifest->object_count; i++)
	{
		if (manifest->objects[i].kind == OBJECT_DUMP)
			appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
							 printable_text(manifest->objects[i].database));
	}
	return names.data;
}

/*
 * Finds the properties of the database that is to be created.
 */
static void
find_properties(Restore *restore)
{
	const ManifestObject *object = manifest_object(restore->backup->manifest,
												   OBJECT_DATABASES);
	json_t	   *databases = object == NULL ? json_array() :
		databases_read(restore->repository, restore->backup, object);
	json_t	   *database;
	size_t		i;

	json_array_foreach(databases, i, database)
	{
		const char *name = json_string_value(json_object_get(database, "name"));

		if (strcmp(name, restore->request.database) == 0)
			restore->properties = json_incref(database);
	}
	json_decref(databases);
	if (restore->properties == NULL)
		fail(FAILURE_UNDEFINED, "Create the database yourself, and leave --create out.",
			 "backup \"%s\" does not hold the properties of database \"%s\"",
			 restore->backup->manifest->id, restore->request.database);
}

/*
 * Finds what is asked for in the backup.
 */
static void
find_objects(Restore *restore)
{
	const Manifest *manifest = restore->backup->manifest;
	const RestoreRequest *request = &restore->request;

	if (!backup_type_is_logical(manifest->type))
		fail(FAILURE_STATE, NULL, "backup \"%s\" is not a logical one", manifest->id);
	if (request->database != NULL)
	{
		restore->dump = manifest_dump(manifest, request->database);
		if (restore->dump == NULL)
			fail(FAILURE_UNDEFINED,
				 psprintf("It has %s.", database_names(manifest)),
				 "backup \"%s\" has no database \"%s\"", manifest->id,
				 request->database);
	}
	if (request->globals)
	{
		restore->globals = manifest_object(manifest, OBJECT_GLOBALS);
		if (restore->globals == NULL)
			fail(FAILURE_UNDEFINED, NULL, "backup \"%s\" has no globals",
				 manifest->id);
	}
	if (request->create && manifest->type == BACKUP_DATA)
		fail(FAILURE_STATE,
			 "Restore it into a database that has the tables, without --create.",
			 "backup \"%s\" has rows only", manifest->id);
}

/*
 * Compares the digests of all objects that will be needed, before anything is
 * written anywhere.
 */
static void
verify_objects(Restore *restore)
{
	const ManifestObject *objects[] = {
		restore->globals,
		restore->dump,
		restore->request.create ?
		manifest_object(restore->backup->manifest, OBJECT_DATABASES) : NULL
	};
	Verification verification;

	if (restore->request.is_verified)
		return;
	verification = verification_make(restore->repository, restore->backup,
									 VERIFY_DIGEST, NULL);
	verification.bytes_expected = 0;
	for (int i = 0; i < (int) lengthof(objects); i++)
	{
		if (objects[i] != NULL)
			verification.bytes_expected += objects[i]->stored_size;
	}
	for (int i = 0; i < (int) lengthof(objects); i++)
	{
		if (objects[i] != NULL)
			object_verify(&verification, objects[i]);
	}
}

/*
 * What is done in a worker, while its parent waits to clean up.
 */
static void
fill_database(void *context)
{
	Restore    *restore = context;

	if (restore->request.create)
		restore_apply_properties(restore);
	restore_dump(restore);
}

/*
 * Says, or removes, what a restore that failed left.
 */
static void
clean_up(Restore *restore)
{
	if (restore->request.create && !restore->request.keep_partial)
		restore_drop_database(restore);
	else if (restore->request.create || restore->request.jobs > 1)
		notice("warning", NULL, "database \"%s\" is incomplete",
			   restore->target_name);
}

/*
 * Restores the dump; the exit code.
 */
static int
restore_database(Restore *restore)
{
	int			exit_code;

	guard_begin();
	if (restore_needs_workspace(restore))
		workspace_create(restore->request.temp_dir);
	if (restore->request.create)
		restore_create_database(restore);
	exit_code = guarded_run(fill_database, restore);
	terminal_progress_clear();
	if (exit_code != 0)
		clean_up(restore);
	guard_end();
	return exit_code;
}

/*
 * Says what was restored.
 */
static void
report(const Restore *restore, bool json, int64 duration_ms)
{
	int64		size = (restore->dump == NULL ? 0 : restore->dump->size) +
		(restore->globals == NULL ? 0 : restore->globals->size);
	const char *id = restore->backup->manifest->id;

	if (json)
	{
		json_print(json_pack("{s:s, s:o, s:o, s:b, s:i, s:I, s:I}",
							 "id", id,
							 "database", json_text(restore->request.database),
							 "target", json_text(restore->target_name),
							 "globals", restore->globals != NULL,
							 "globals_skipped", restore->globals_skipped,
							 "bytes", (json_int_t) size,
							 "duration_ms", (json_int_t) duration_ms));
		return;
	}
	if (restore->globals != NULL)
		printf("restored globals of backup %s (statements skipped because the object existed: %d)\n", id,
			   restore->globals_skipped);
	if (restore->dump != NULL)
		printf("restored database \"%s\" from backup %s into \"%s\": %s in %s\n",
			   printable_text(restore->request.database), id,
			   printable_text(restore->target_name), bytes_text(size),
			   duration_text(duration_ms));
}

/*
 * Writes what is asked for to a file; the exit code.
 */
static int
export_object(Restore *restore, const CommonOptions *options)
{
	const ManifestObject *object = restore->dump != NULL ? restore->dump :
		restore->globals;
	int			exit_code;

	verify_objects(restore);
	exit_code = restore_to_file(restore, object);
	terminal_progress_clear();
	if (exit_code != 0 || strcmp(restore->request.to_file, "-") == 0)
		return exit_code;
	if (options->json)
		json_print(json_pack("{s:s, s:o, s:o, s:I}",
							 "id", restore->backup->manifest->id,
							 "database", json_text(object->database),
							 "file", json_text(restore->request.to_file),
							 "bytes", (json_int_t) object->size));
	else
		printf("wrote \"%s\": %s\n", printable_text(restore->request.to_file),
			   bytes_text(object->size));
	return 0;
}

/*
 * Restores into a server; the exit code.
 */
static int
restore_into_server(Restore *restore, const CommonOptions *options)
{
	int64		started_ms = time_now_ms();
	int			exit_code = 0;

	restore->pg_restore = program_path(options->bindir, "pg_restore");
	restore->psql = program_path(options->bindir, "psql");
	restore_check_target(restore);
	verify_objects(restore);
	if (restore->request.create)
		find_properties(restore);
	if (restore->globals != NULL)
		restore_globals(restore);
	if (restore->dump != NULL)
		exit_code = restore_database(restore);
	if (exit_code == 0)
		report(restore, options->json, time_now_ms() - started_ms);
	return exit_code;
}

/*
 * The backup that is asked for.
 */
static const char *
resolve_id(const Restore *restore)
{
	const RestoreRequest *request = &restore->request;

	return request->cluster.data_directory != NULL ?
		cluster_resolve_id(restore->repository, &request->cluster.recovery, request->id) :
		repository_resolve_id(restore->repository, request->id);
}

/*
 * Reads the backup from one repository, and compares the digests of all that
 * will be needed.  Notes which backup it was.
 */
static int
try_repository(Repository *repository, void *context)
{
	Restore    *restore = context;

	restore->repository = repository;
	restore->backup = backup_load(repository, resolve_id(restore));
	check_encryption(restore);
	backup_require_thawed(repository, restore->backup->manifest->id,
						  restore->request.wait_for_thaw);
	if (restore->request.cluster.data_directory != NULL)
		cluster_verify_source(&restore->request.cluster, repository, restore->backup);
	else
	{
		find_objects(restore);
		verify_objects(restore);
	}
	strlcpy(restore->found_id, restore->backup->manifest->id, BACKUP_ID_SIZE);
	return 0;
}

/*
 * Opens the repository to restore from.  Of several, it is the first whose
 * backup is good, and that need not be verified again.
 */
static void
open_repository(Restore *restore, const CommonOptions *options)
{
	const ListedRepository *first = &repositories_from_options(options)->repositories[0];
	const ListedRepository *chosen = first;

	if (repositories_from_options(options)->count > 1)
	{
		restore->found_id = workers_share(BACKUP_ID_SIZE);
		repository_first(options, try_repository, restore, &chosen);
		restore->request.id = restore->found_id;
		restore->request.is_verified = true;
		restore->request.cluster.is_verified = true;
	}
	if (strcmp(chosen->url, first->url) != 0 &&
		restore->request.cluster.recovery.kind != RECOVERY_NONE)
		notice("warning",
			   "If a repository is lost for good, leave it out of the list: wal-get takes the WAL to be at its end only if all of them say so.",
			   "restoring from repository \"%s\"", chosen->url);
	restore->repository = repository_open_listed(options, chosen);
}

int
command_restore(const CommonOptions *options, int argc, char **argv)
{
	Restore		restore = {.request = {.jobs = options->jobs}};

	if (!restore_arguments_parse(&restore.request, argc, argv))
	{
		fputs(help_restore, stdout);
		return 0;
	}
	terminal_progress_start(options);
	open_repository(&restore, options);
	restore.backup = backup_load(restore.repository, resolve_id(&restore));
	check_encryption(&restore);
	backup_require_thawed(restore.repository, restore.backup->manifest->id,
						  restore.request.wait_for_thaw);
	if (restore.request.cluster.data_directory != NULL)
		return restore_cluster(&restore.request.cluster, restore.repository,
							   restore.backup, options);
	find_objects(&restore);
	if (restore.request.to_file != NULL)
		return export_object(&restore, options);
	return restore_into_server(&restore, options);
}

/*
 * Fills a database from a dump, by pg_restore.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "command/restore.h"
#include "command/workspace.h"
#include "database/feed.h"
#include "database/toc_text.h"
#include "process.h"
#include "protocol.h"

/* Words in pg_restore's errors, and what to do. */
typedef struct KnownError
{
	const char *words;
	const char *hint;
} KnownError;

static const KnownError known_errors[] = {
	{"already exists",
	"Restore into an empty database, or into a new one with --create."},
	{"does not exist\nCommand was: ALTER ",
	"Restore missing roles with --globals first, or leave owners and privileges out with --no-owner --no-privileges."},
	{"out of shared memory",
	"A single transaction needs a lock for every object: raise max_locks_per_transaction, or restore into a new database with --create, which needs none."},
	{"ERROR:  schema \"",
	"Create the schema first: it is not part of what was selected."},
	{"could not open extension control file",
	"Install that extension on the target server."},
	{"is not available",
	"Install that extension on the target server."}
};

/* Whose progress this process reports. */
static const char *reported_database;

/*
 * Reports how much of the dump pg_restore has taken.
 */
static void
report_feed(int64 bytes_done, int64 bytes_expected)
{
	progress_report("restoring", reported_database, bytes_done, bytes_expected);
}

/*
 * What to do about an error; NULL if that is not known.
 */
static const char *
find_hint(const char *errors)
{
	for (int i = 0; i < (int) lengthof(known_errors); i++)
	{
		if (strstr(errors, known_errors[i].words) != NULL)
			return known_errors[i].hint;
	}
	return NULL;
}

/*
 * Takes line feeds off the end of what a program said.
 */
static void
trim_errors(Program *program)
{
	while (program->err_len > 0 &&
		   program->err_text[program->err_len - 1] == '\n')
		program->err_text[--program->err_len] = '\0';
}

/*
 * Fails because pg_restore did, with what it said.
 */
static void
fail_pg_restore(const Program *program, int status, const char *target)
{
	const char *reason = strstr(program->err_text, "error: ");
	const char *rest;
	Failure		failure = {.kind = FAILURE_PROGRAM};

	reason = reason == NULL ? program->err_text : reason + strlen("error: ");
	rest = reason + strcspn(reason, "\n");
	failure.message = psprintf("could not restore database \"%s\": pg_restore %s%s%.*s",
							   target, wait_status_text(status),
							   *reason == '\0' ? "" : ": ",
							   (int) (rest - reason), reason);
	failure.detail = *rest == '\0' ? NULL : rest + 1;
	failure.hint = find_hint(reason);
	fail_with(&failure);
}

/*
 * Waits for pg_restore; passes on what it said if it succeeded.
 */
static void
finish_pg_restore(Program *program, const Restore *restore)
{
	int			status = program_wait(program);

	trim_errors(program);
	if (status != 0)
		fail_pg_restore(program, status, restore->target_name);
	if (program->err_len > 0)
		notice("warning", NULL, "pg_restore said: %s", program->err_text);
	program_kill(program);
}

/*
 * The arguments that every run of pg_restore has.
 */
static ArgumentList
common_arguments(const Restore *restore, const char *list_path)
{
	ArgumentList list = {.count = 0};

	argument_list_add(&list, restore->pg_restore);
	argument_list_add(&list, "--exit-on-error");
	argument_list_add(&list, "--no-password");
	argument_list_add(&list, psprintf("--dbname=%s", restore->target_conninfo));
	for (int i = 0; i < restore->request.passed_on.count; i++)
		argument_list_add(&list, restore->request.passed_on.items[i]);
	if (list_path != NULL)
		argument_list_add(&list, psprintf("--use-list=%s", list_path));
	return list;
}

/*
 * Runs pg_restore on the dump as it comes out of the repository.
 */
static void
run_streamed(const Restore *restore, const ArgumentList *arguments)
{
	Program    *program = program_start(arguments->items, client_environment(),
										PROGRAM_IN);
	Isolated   *feed = feed_start(restore->repository, restore->backup,
								  restore->dump, program->in, report_feed);
	Failure		problem;

	program_close_input(program);
	if (!isolated_finish(feed, &problem))
	{
		program_kill(program);
		fail_with(&problem);
	}
	finish_pg_restore(program, restore);
}

/*
 * Runs pg_restore, in parallel, on a file.
 */
static void
run_on_file(const Restore *restore, ArgumentList *arguments, const char *path,
			const char *phase)
{
	progress_report(phase, reported_database, 0, 0);
	argument_list_add(arguments, psprintf("--jobs=%d", restore->request.jobs));
	argument_list_add(arguments, path);
	finish_pg_restore(program_start(arguments->items, client_environment(), 0),
					  restore);
}

/*
 * One pg_restore reads the stream.  Into a database that was there before,
 * all of it or nothing.
 */
static void
restore_serially(const Restore *restore, const char *list_path)
{
	ArgumentList arguments = common_arguments(restore, list_path);

	/* A new database is dropped if it fails; a transaction would cost locks. */
	if (!restore->request.create)
		argument_list_add(&arguments, "--single-transaction");
	run_streamed(restore, &arguments);
}

/*
 * One pg_restore reads definitions and rows from the stream, then several
 * make indexes and constraints, for which the table of contents suffices.
 */
static void
restore_in_two_steps(const Restore *restore, const char *list_path,
					 const char *toc_path)
{
	ArgumentList first = common_arguments(restore, list_path);
	ArgumentList second = common_arguments(restore, list_path);

	argument_list_add(&first, "--section=pre-data");
	argument_list_add(&first, "--section=data");
	run_streamed(restore, &first);
	argument_list_add(&second, "--section=post-data");
	run_on_file(restore, &second, toc_path, "building indexes");
}

/*
 * Fails if the temporary folder has no room for the plain dump.
 */
static void
check_space(const Restore *restore)
{
	struct statvfs status;
	int64		available;

	if (statvfs(restore->request.temp_dir, &status) != 0)
		fail_errno("could not ask for the free space of \"%s\"",
				   restore->request.temp_dir);
	available = (int64) status.f_bavail * status.f_frsize;
	if (available < restore->dump->size)
		fail(FAILURE_DISK_FULL, "Name another directory, or leave --temp-dir out.",
			 "directory \"%s\" has room for %s, but the dump needs %s",
			 restore->request.temp_dir, bytes_text(available),
			 bytes_text(restore->dump->size));
}

/*
 * Several pg_restore read the plain dump, which is written to a file first.
 */
static void
restore_from_file(const Restore *restore, const char *list_path)
{
	ArgumentList arguments = common_arguments(restore, list_path);
	char	   *path = workspace_path("plain.dump");
	Isolated   *feed;
	Failure		problem;
	int			fd;

	check_space(restore);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fail_errno("could not create file \"%s\"", path);
	feed = feed_start(restore->repository, restore->backup, restore->dump, fd,
					  report_feed);
	close(fd);
	if (!isolated_finish(feed, &problem))
		fail_with(&problem);
	run_on_file(restore, &arguments, path, "restoring in parallel");
}

/*
 * Writes a list for pg_restore without the extension, which the target cannot
 * have; returns its path, or NULL if the dump does not have it either.
 */
static char *
write_list_without_extension(const Toc *toc)
{
	char	   *path = workspace_path("list");
	FILE	   *file;

	if (!toc_has_extension(toc))
		return NULL;
	file = fopen(path, "wx");
	if (file == NULL)
		fail_errno("could not create file \"%s\"", path);
	for (int i = 0; i < toc->count; i++)
	{
		if (!toc_entry_is_of_extension(&toc->entries[i]))
			fprintf(file, "%s\n", toc->entries[i].line);
	}
	if (ferror(file) || fclose(file) != 0)
		fail_errno("could not write file \"%s\"", path);
	notice("warning", NULL,
		   "extension \"erpgo_backup\" is left out: the target server does not have it");
	return path;
}

bool
restore_needs_workspace(const Restore *restore)
{
	return restore->request.jobs > 1 || !restore->extension_available;
}

/*
 * Does pg_restore need a copy of the table of contents?
 */
static bool
needs_toc_copy(const Restore *restore)
{
	return restore->request.jobs > 1 && restore->request.temp_dir == NULL;
}

void
restore_dump(Restore *restore)
{
	char	   *toc_path = needs_toc_copy(restore) ? workspace_path("toc.dump") : NULL;
	char	   *list_path = NULL;
	Toc		   *toc;

	reported_database = restore->target_name;
	if (restore_needs_workspace(restore))
	{
		toc = toc_of_object(restore->repository, restore->backup, restore->dump,
							restore->pg_restore, toc_path);
		if (!restore->extension_available)
			list_path = write_list_without_extension(toc);
		toc_free(toc);
	}
	if (restore->request.jobs <= 1)
		restore_serially(restore, list_path);
	else if (restore->request.temp_dir != NULL)
		restore_from_file(restore, list_path);
	else
		restore_in_two_steps(restore, list_path, toc_path);
}

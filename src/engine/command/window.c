/*
 * "erpgo_backup window", and the same for the server: from when to when the
 * cluster can be brought back to any moment.
 */
#include "postgres_fe.h"

#include "command/all_repositories.h"
#include "command/arguments.h"
#include "command/human.h"
#include "command/job.h"
#include "command/table.h"
#include "protocol.h"
#include "recovery/recovery_window.h"

const char *const help_window =
"Usage: erpgo_backup window [OPTIONS]\n"
"\n"
"Prints from when to when the cluster can be restored to any moment, for each\n"
"timeline, from its physical backups and the WAL in the archive. Where WAL is\n"
"missing, a window ends, and the next one begins with the next backup. Of several\n"
"repositories, all are looked at.\n"
"\n"
"Options:\n"
"  --json               print a JSON array\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0, or 1 if a repository has no such window, or another one if it\n"
"could not be looked at.\n"
HELP_COMMON;

static const struct option window_options[] = {
	ARGUMENT_HELP_OPTION
};

static const Column window_columns[] = {
	{"TIMELINE", true}, {"FROM"}, {"TO"}, {"BACKUPS", true}, {"BEGINS WITH"},
	{"MISSING AFTER IT"}, {"REPOSITORY"}
};

/* The members of a window that are the cells of its line. */
static const char *const window_members[] = {
	"timeline", "begins_at", "ends_at", "backups", "begins_with", "missing", "repository"
};

/*
 * A moment as text; allocated.
 */
static char *
moment_text(int64 unix_ms)
{
	char		moment[TIME_TEXT_SIZE];

	time_format(unix_ms, moment);
	return pstrdup(moment);
}

/*
 * A window as JSON; every value is a text, or null.
 */
static json_t *
window_to_json(const RecoveryWindow *window)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}",
					 "timeline", json_text(psprintf("%u", window->timeline)),
					 "begins_at", json_text(moment_text(window->begin_ms)),
					 "ends_at", json_text(moment_text(window->end_ms)),
					 "begin_lsn", json_text(lsn_text(window->begin_lsn)),
					 "end_lsn", json_text(lsn_text(window->end_lsn)),
					 "backups", json_text(psprintf("%d", window->backups)),
					 "begins_with", window->backup,
					 "missing", json_text(window->missing));
}

/*
 * The windows of one repository.  Of several, one that has none is worth a
 * warning.
 */
static json_t *
find_windows(Repository *repository, void *context)
{
	const RepositoryList *list = context;
	int			count;
	RecoveryWindow *windows = recovery_windows(repository, &count);
	json_t	   *rows = json_array();

	if (count == 0 && list->count > 1)
		notice("warning", NULL, "repository \"%s\" has no recovery window",
			   repository->store->url);
	for (int i = 0; i < count; i++)
		json_array_append_new(rows, window_to_json(&windows[i]));
	return rows;
}

/*
 * Prints windows for people.
 */
static void
print_windows(const json_t *windows, bool several)
{
	int			columns = (int) lengthof(window_columns) - (several ? 0 : 1);
	Table	   *table = table_begin(window_columns, columns);
	size_t		i;
	json_t	   *window;

	json_array_foreach(windows, i, window)
	{
		for (int column = 0; column < columns; column++)
			table_add(table, printable_member(window, window_members[column]));
	}
	table_print(table);
}

int
command_window(const CommonOptions *options, int argc, char **argv)
{
	RepositoryList *list;
	RepositoryRows windows;

	arguments_begin();
	if (argument_next(argc, argv, window_options) == ARGUMENT_HELP)
	{
		fputs(help_window, stdout);
		return 0;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"window\" takes no argument");
	list = repositories_prepare(options);
	windows = repositories_gather(options, list, find_windows, list);
	if (options->json)
		json_print(windows.rows);
	else
	{
		print_windows(windows.rows, list->count > 1);
		json_decref(windows.rows);
	}
	return windows.exit_code > 0 || windows.empty == 0 ? windows.exit_code : 1;
}

json_t *
job_window(json_t *job)
{
	Repository *repository = job_is_about_copy(job) ? job_further_repository(job) :
		job_repository(job);
	int			count = 0;
	RecoveryWindow *windows = repository == NULL ? NULL : recovery_windows(repository, &count);

	/* The newest ones first: there is room for so many rows only. */
	for (int i = count - 1; i >= 0; i--)
		protocol_send("row", window_to_json(&windows[i]));
	return json_object();
}

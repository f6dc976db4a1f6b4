/*
 * "erpgo_backup window", and the same for the server: from when to when the
 * cluster can be brought back to any moment.
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "command/job.h"
#include "command/repositories.h"
#include "command/table.h"
#include "protocol.h"
#include "recovery/recovery_window.h"

const char *const help_window =
"Usage: erpgo_backup window [OPTIONS]\n"
"\n"
"Prints from when to when the cluster can be restored to any moment, for each\n"
"timeline, from its physical backups and the WAL in the archive. Where WAL is\n"
"missing, a window ends, and the next one begins with the next backup.\n"
"\n"
"Options:\n"
"  --json               print a JSON array\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0, or 1 if there is no such window.\n"
HELP_COMMON;

static const struct option window_options[] = {
	ARGUMENT_HELP_OPTION
};

static const Column window_columns[] = {
	{"TIMELINE", true}, {"FROM"}, {"TO"}, {"BACKUPS", true}, {"BEGINS WITH"},
	{"MISSING AFTER IT"}
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

static void
print_json(const RecoveryWindow *windows, int count)
{
	json_t	   *list = json_array();

	for (int i = 0; i < count; i++)
		json_array_append_new(list, window_to_json(&windows[i]));
	json_print(list);
}

static void
print_table(const RecoveryWindow *windows, int count)
{
	Table	   *table = table_begin(window_columns, lengthof(window_columns));

	for (int i = 0; i < count; i++)
	{
		table_add(table, psprintf("%u", windows[i].timeline));
		table_add(table, moment_text(windows[i].begin_ms));
		table_add(table, moment_text(windows[i].end_ms));
		table_add(table, psprintf("%d", windows[i].backups));
		table_add(table, pstrdup(windows[i].backup));
		table_add(table, pstrdup(windows[i].missing == NULL ? "" : windows[i].missing));
	}
	table_print(table);
}

/*
 * Prints the windows of one repository.
 */
static int
print_windows(Repository *repository, void *context)
{
	const CommonOptions *options = context;
	int			count;
	RecoveryWindow *windows = recovery_windows(repository, &count);

	if (options->json)
		print_json(windows, count);
	else
		print_table(windows, count);
	return count > 0 ? 0 : 1;
}

int
command_window(const CommonOptions *options, int argc, char **argv)
{
	arguments_begin();
	if (argument_next(argc, argv, window_options) == ARGUMENT_HELP)
	{
		fputs(help_window, stdout);
		return 0;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"window\" takes no argument");
	return repository_first(options, print_windows, unconstify(CommonOptions *, options), NULL);
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

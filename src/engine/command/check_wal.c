/*
 * Finds out whether WAL is missing from the archive of a repository.
 */
#include "postgres_fe.h"

#include "command/command.h"
#include "protocol.h"
#include "recovery/recovery_window.h"

/*
 * The finding on a timeline that is alive.
 */
static json_t *
judge_timeline(const RecoveryWindow *window)
{
	bool		is_whole = window->backup != NULL && window->missing == NULL;
	const char *message;

	if (window->backup == NULL)
		message = psprintf("no physical backup leads to timeline %u, on which WAL is archived",
						   window->timeline);
	else if (is_whole)
		message = psprintf("all WAL on timeline %u from physical backup \"%s\" up to %s is there",
						   window->timeline, window->backup, lsn_text(window->end_lsn));
	else
		message = recovery_window_missing(window);
	return json_pack("{s:s, s:s, s:o, s:o}", "name", "WAL archive",
					 "status", is_whole ? "ok" : "warning",
					 "message", json_text(message),
					 "hint", json_text(is_whole ? NULL : "Make a new physical backup."));
}

json_t *
check_wal(Repository *repository)
{
	json_t	   *rows = json_array();
	int			count;
	RecoveryWindow *windows = recovery_windows_alive(repository, &count);

	for (int i = 0; i < count; i++)
		json_array_append_new(rows, judge_timeline(&windows[i]));
	pg_free(windows);
	return rows;
}

/*
 * Progress on a terminal: one line of standard error, written again and
 * again.
 */
#include "postgres_fe.h"

#include <unistd.h>

#include "command/human.h"
#include "command/terminal.h"
#include "lib/stringinfo.h"
#include "protocol.h"

#define BAR_WIDTH 24

/* Is there a bar to be removed? */
static bool active = false;

/* What the rate is computed from: the phase that is shown and its start. */
static const char *current_phase = NULL;
static int64 phase_started_ms;
static int64 phase_started_bytes;

/*
 * Appends "[#####-----]  50 %".
 */
static void
append_bar(StringInfo line, int64 done, int64 expected)
{
	double		share = Min((double) done / expected, 1.0);
	int			filled = (int) (share * BAR_WIDTH);

	appendStringInfoString(line, " [");
	for (int i = 0; i < BAR_WIDTH; i++)
		appendStringInfoChar(line, i < filled ? '#' : '-');
	appendStringInfo(line, "] %3d %%", (int) (share * 100));
}

char *
progress_line(const char *phase, const char *database, int64 bytes_done,
			  int64 bytes_expected, int64 bytes_per_second)
{
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfoString(&line, phase);
	if (database != NULL)
		appendStringInfo(&line, " %.40s", printable_text(database));
	if (bytes_expected > 0)
		append_bar(&line, bytes_done, bytes_expected);
	if (bytes_done > 0)
		appendStringInfo(&line, " %s", bytes_text(bytes_done));
	if (bytes_per_second > 0)
		appendStringInfo(&line, ", %s/s", bytes_text(bytes_per_second));
	if (bytes_per_second > 0 && bytes_expected > bytes_done)
		appendStringInfo(&line, ", %s left",
						 duration_text((bytes_expected - bytes_done) * 1000 /
									   bytes_per_second));
	return line.data;
}

/*
 * Bytes a second since the phase began.
 */
static int64
current_rate(const char *phase, int64 bytes_done)
{
	int64		now = time_now_ms();
	int64		elapsed;

	if (current_phase == NULL || strcmp(phase, current_phase) != 0)
	{
		current_phase = phase;
		phase_started_ms = now;
		phase_started_bytes = bytes_done;
	}
	elapsed = now - phase_started_ms;
	return elapsed <= 0 ? 0 : (bytes_done - phase_started_bytes) * 1000 / elapsed;
}

/*
 * Shows progress.
 */
static void
show_progress(const char *phase, const char *database, int64 bytes_done,
			  int64 bytes_expected)
{
	char	   *line = progress_line(phase, database, bytes_done, bytes_expected,
									 current_rate(phase, bytes_done));

	/* With the cursor in front, a message is not written behind the bar. */
	fprintf(stderr, "\r\033[K%s\r", line);
	fflush(stderr);
	pfree(line);
}

void
terminal_progress_start(const CommonOptions *options)
{
	if (options->json || options->quiet || !isatty(STDERR_FILENO))
		return;
	active = true;
	progress_set_reporter(show_progress);
	atexit(terminal_progress_clear);
}

void
terminal_progress_clear(void)
{
	if (active)
		fputs("\r\033[K", stderr);
}

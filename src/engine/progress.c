/*
 * How far the work has come, told often enough and not more often.
 */
#include "postgres_fe.h"

#include "clock.h"
#include "protocol.h"

/* A phase's figures are told again after so many milliseconds. */
#define REPORT_INTERVAL_MS 500

static ProgressReporter progress_reporter = NULL;
static ProgressCompanion progress_companion = NULL;
static void *companion_context = NULL;

/* What was told last. */
static const char *last_phase = NULL;
static char *last_database = NULL;
static int64 last_report_ms = 0;

/*
 * Are two texts, either of them perhaps NULL, equal?
 */
static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void
progress_set_reporter(ProgressReporter reporter)
{
	progress_reporter = reporter;
}

void
progress_set_companion(ProgressCompanion companion, void *context)
{
	progress_companion = companion;
	companion_context = context;
}

void
progress_report(const char *phase, const char *database, int64 bytes_done,
				int64 bytes_expected)
{
	int64		now = clock_ms();

	if (progress_companion != NULL)
		progress_companion(companion_context);
	if (progress_reporter == NULL)
		return;
	if (same_text(phase, last_phase) && same_text(database, last_database) &&
		now - last_report_ms < REPORT_INTERVAL_MS)
		return;

	pg_free(last_database);
	last_database = database == NULL ? NULL : pg_strdup(database);
	last_phase = phase;
	last_report_ms = now;
	progress_reporter(phase, database, bytes_done, bytes_expected);
}

/*
 * The file that metrics are written to, for a program that collects them.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "location.h"
#include "metrics_file.h"
#include "settings.h"

void
metrics_file_want(void)
{
	job_mark_set(&job_table->metrics_wanted);
}

void
metrics_file_request(void)
{
	JobRequest	request = {.kind = JOB_METRICS};

	/* What has to wait is seen again when a job ends. */
	if (setting_metrics_file[0] == '\0' || job_kind_active(JOB_METRICS) ||
		!job_has_room())
		return;
	if (job_mark_take(&job_table->metrics_wanted))
		(void) job_request(&request, 0, false);
}

void
metrics_file_require_outside(void)
{
	char	   *folder = location_in_cluster(setting_metrics_file);

	if (folder != NULL)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("metrics file \"%s\" must not be inside \"%s\"",
					   setting_metrics_file, folder),
				errhint("Change the setting erpgo_backup.metrics_file."));
}

char *
metrics_file_text(void)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *metrics = NULL;

	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_execute("SELECT erpgo_backup.metrics()", true, 1) == SPI_OK_SELECT &&
		SPI_processed == 1)
		metrics = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (metrics == NULL)
		elog(ERROR, "could not collect metrics");
	metrics = MemoryContextStrdup(caller, metrics);
	PopActiveSnapshot();
	SPI_finish();
	return metrics;
}

void
metrics_file_log_end(const JobOutcome *outcome)
{
	bool		failed = outcome->sqlstate != ERRCODE_SUCCESSFUL_COMPLETION;
	bool		failed_before;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	failed_before = job_table->metrics_failed;
	job_table->metrics_failed = failed;
	LWLockRelease(job_table->lock);
	if (failed)
		ereport(failed_before ? DEBUG1 : WARNING,
				errcode(outcome->sqlstate),
				errmsg("could not update the metrics file: %s", outcome->message),
				outcome->hint[0] ? errhint("%s", outcome->hint) : 0);
	else
		ereport(failed_before ? LOG : DEBUG1,
				errmsg("metrics file is up to date"));
}

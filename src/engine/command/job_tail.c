/*
 * Ships what the server has written of the segment that it has not finished,
 * and finished ones that it cannot archive.
 */
#include "command/job.h"

#include "command/wal_ready.h"
#include "command/wal_targets.h"
#include "command/wal_waiting.h"
#include "common/wal_coverage.h"
#include "isolated.h"
#include "repository/secrets.h"
#include "repository/wal_tail.h"

/*
 * A position in the WAL that the job names.
 */
static uint64
job_lsn(json_t *job, const char *key)
{
	const char *position = job_required_text(job, key);
	uint32		high;
	uint32		low;

	if (sscanf(position, "%X/%X", &high, &low) != 2)
		fail(FAILURE_USAGE, NULL, "\"%s\" is not a position in the WAL", position);
	return (uint64) high << 32 | low;
}

/*
 * What is to be shipped; false if nothing is, for the server has just finished
 * a segment.
 */
static bool
find_source(json_t *job, WalTailSource *source)
{
	json_t	   *server = json_object_get(job, "server");
	uint64		bytes = job_integer(job, "wal_segment_size", 0);
	uint64		flushed = job_lsn(job, "flush_lsn");
	uint32		timeline = job_integer(job, "timeline", 0);
	char		segment[WAL_SEGMENT_SIZE];

	if (bytes == 0 || timeline == 0)
		fail(FAILURE_USAGE, NULL, "the job description has no segment");
	if (flushed % bytes == 0)
		return false;
	wal_segment_of_number(timeline, flushed / bytes, bytes, segment);
	if (!wal_name_parse(segment, &source->segment))
		fail(FAILURE_USAGE, NULL, "there is no segment \"%s\"", segment);
	source->flushed = flushed % bytes;
	source->path = psprintf("%s/" WAL_FOLDER "/%s",
							job_required_text(server, "data_directory"), segment);
	return true;
}

/* What is on its way to one repository. */
typedef struct TailStep
{
	json_t	   *job;
	const char *url;
	WalTailSource *source;
	bool		has_source;
} TailStep;

/*
 * Opens the archive of the repository, and finds out how to store there.
 */
static WalArchive *
open_archive(const TailStep *step)
{
	json_t	   *server = json_object_get(step->job, "server");
	WalOrigin	origin = {
		.cluster = job_required_text(step->job, "cluster"),
		.system_identifier = job_required_text(server, "system_identifier"),
		.data_directory = job_required_text(server, "data_directory")
	};
	WalTargets	target;

	wal_targets_open(&target, &step->url, 1, &origin);
	step->source->encrypted = job_cipher(step->job, target.archives[0]->repository) != CIPHER_NONE;
	return target.archives[0];
}

static void
ship_step(void *context)
{
	const TailStep *step = context;
	WalArchive *archive = open_archive(step);

	if (step->has_source)
		wal_tail_ship(archive, step->source);
	wal_tail_tidy(archive, job_integer(step->job, "timeline", 0));
}

static void
waiting_step(void *context)
{
	const TailStep *step = context;
	WalArchive *archive = open_archive(step);
	WalSource	source = {
		.compression = step->source->compression,
		.encrypted = step->source->encrypted
	};

	wal_waiting_ship(archive, job_required_text(json_object_get(step->job, "server"),
												"data_directory"),
					 &source);
}

/*
 * Does a step for each of several repositories but those that have failed, and
 * notes which fail; the first failure of all is kept.
 */
static void
run_for_each(IsolatedStep work, TailStep *step, const char *const *urls, int count,
			 bool *failed, Failure *first)
{
	Failure		problem;

	for (int i = 0; i < count; i++)
	{
		step->url = urls[i];
		if (failed[i] || isolated_run(work, step, &problem))
			continue;
		failed[i] = true;
		if (first->message == NULL)
			*first = problem;
	}
}

/*
 * Ships to several repositories.  One that is away does not keep the tail from
 * the others, nor what waits because of it: but while all are there, what waits
 * is left to the archiver, which gives all of them the same object.
 */
static void
ship_to_all(TailStep *step, const char *const *urls, int count)
{
	bool		failed[REPOSITORY_LIST_LIMIT] = {false};
	Failure		first = {0};

	run_for_each(ship_step, step, urls, count, failed, &first);
	if (first.message == NULL)
		return;
	if (json_is_true(json_object_get(step->job, "archiver_fails")))
		run_for_each(waiting_step, step, urls, count, failed, &first);
	fail_with(&first);
}

json_t *
job_tail(json_t *job)
{
	WalTailSource source = {0};
	TailStep	step = {.job = job, .source = &source};
	const char *urls[REPOSITORY_LIST_LIMIT];
	int			count = wal_target_urls(job, urls);
	const char *problem;

	secrets_load(job_text(job, "secrets_file"));
	if (!compression_parse(job_required_text(job, "compression"), &source.compression, &problem))
		fail(FAILURE_USAGE, problem, "cannot compress as the job description says");
	step.has_source = find_source(job, &source);
	step.url = urls[0];
	if (count == 1)
		ship_step(&step);
	else
		ship_to_all(&step, urls, count);
	return json_object();
}

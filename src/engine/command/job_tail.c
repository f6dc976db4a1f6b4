/*
 * Ships what the server has written of the segment that it has not finished.
 */
#include "command/job.h"

#include "command/wal_ready.h"
#include "common/wal_coverage.h"
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

json_t *
job_tail(json_t *job)
{
	Repository *repository = job_owned_repository(job);
	WalArchive *archive = wal_archive_open(repository);
	WalTailSource source = {.encrypted = job_cipher(job, repository) != CIPHER_NONE};
	const char *problem;

	if (!compression_parse(job_required_text(job, "compression"), &source.compression, &problem))
		fail(FAILURE_USAGE, problem, "cannot compress as the job description says");
	if (find_source(job, &source))
		wal_tail_ship(archive, &source);
	wal_tail_tidy(archive, job_integer(job, "timeline", 0));
	return json_object();
}

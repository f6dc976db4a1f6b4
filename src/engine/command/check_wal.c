/*
 * Finds out whether WAL is missing from the archive of a repository.
 */
#include "postgres_fe.h"

#include "command/command.h"
#include "common/wal_coverage.h"
#include "protocol.h"
#include "repository/wal_archive.h"

/*
 * Reads the newest physical backup; NULL if there is none that can be read.
 */
static const PhysicalBackup *
newest_physical(Repository *repository)
{
	int			count;
	char	  **ids = repository_backup_ids(repository, &count);

	for (int i = count - 1; i >= 0; i--)
	{
		BackupEntry entry;
		BackupType	type;

		if (!backup_id_parse(ids[i], NULL, &type) || type != BACKUP_PHYSICAL)
			continue;
		entry = repository_load_entry(repository, ids[i]);
		if (entry.backup != NULL && entry.backup->manifest->physical != NULL)
			return entry.backup->manifest->physical;
	}
	return NULL;
}

/*
 * Says what an archive covers, and the first hole if there is one.
 */
static char *
coverage_text(const WalCoverage *coverage, const WalHole *hole,
			  uint64 segment_bytes)
{
	char		first[WAL_SEGMENT_SIZE];
	char		last[WAL_SEGMENT_SIZE];

	if (coverage->holes == 0)
		return psprintf("all WAL from the newest physical backup up to %s is there",
						lsn_text(coverage->unbroken));
	wal_segment_of_number(hole->timeline, hole->first, segment_bytes, first);
	wal_segment_of_number(hole->timeline, hole->last, segment_bytes, last);
	return psprintf("WAL from \"%s\" to \"%s\" is missing: the newest physical backup can be recovered up to %s only",
					first, last, lsn_text(coverage->unbroken));
}

json_t *
check_wal(Repository *repository)
{
	const PhysicalBackup *physical = newest_physical(repository);
	WalTimeline timeline;
	WalRoute	route = {&timeline, 1};
	WalArchived archived;
	WalCoverage coverage;
	WalHole		hole = {0};

	if (physical == NULL)
		return NULL;
	timeline = (WalTimeline)
	{
		physical->timeline, 0
	};
	route.start = physical->start_lsn;
	archived.segment_bytes = physical->wal_segment_size;
	archived.segments = wal_archive_segments(wal_archive_open(repository), physical->timeline,
											 &archived.count);
	coverage = wal_coverage(&route, &archived, &hole, 1);
	if (coverage.end == route.start)
		return NULL;
	return json_pack("{s:s, s:s, s:o, s:o}", "name", "WAL archive",
					 "status", coverage.holes == 0 ? "ok" : "warning",
					 "message", json_text(coverage_text(&coverage, &hole,
														archived.segment_bytes)),
					 "hint", json_text(coverage.holes == 0 ? NULL :
									   "Make a new physical backup."));
}

/*
 * How far the WAL of a cluster is known to have gone.
 */
#include "postgres_fe.h"

#include "common/wal_coverage.h"
#include "recovery/archive_reach.h"
#include "repository/wal_note.h"

/*
 * The end of the newest segment that is noted of a timeline, as far as it
 * belongs to the history; 0 if none is.
 */
static uint64
noted_end(WalArchive *archive, const TimelineHistory *history, int index,
		  uint64 segment_bytes)
{
	WalName		newest;
	uint64		end;

	if (!wal_note_read(archive, timeline_at(history, index), &newest))
		return 0;
	end = (wal_segment_number(&newest, segment_bytes) + 1) * segment_bytes;
	return index == history->count ? end : Min(end, history->ancestors[index].end_lsn);
}

/*
 * The greatest end of the backups that are of this history and later than one;
 * 0 if there is none.
 */
static uint64
later_backup_end(Repository *repository, const PhysicalBackup *from,
				 const TimelineHistory *history)
{
	int			count;
	BackupEntry *entries = repository_load_all(repository, &count);
	uint64		end = 0;

	for (int i = 0; i < count; i++)
	{
		const PhysicalBackup *other = entries[i].backup == NULL ? NULL :
			entries[i].backup->manifest->physical;

		if (other != NULL && other->stop_lsn > from->stop_lsn &&
			timeline_history_has(history, other->timeline, other->stop_lsn))
			end = Max(end, other->stop_lsn);
	}
	return end;
}

uint64
archive_reach(Repository *repository, const Manifest *manifest,
			  const TimelineHistory *history)
{
	const PhysicalBackup *from = manifest->physical;
	WalArchive *archive = wal_archive_open(repository);
	uint64		reach = later_backup_end(repository, from, history);

	for (int i = 0; i <= history->count; i++)
	{
		uint64		end = noted_end(archive, history, i, from->wal_segment_size);

		reach = Max(reach, end);
	}
	if (history->count > 0 && from->timeline != history->timeline)
		reach = Max(reach, history->ancestors[history->count - 1].end_lsn);
	return reach;
}

/*
 * Retention of WAL.
 */
#include "common/wal_retention.h"

#include "common/wal_coverage.h"

int64_t
wal_retention_window_start(const WalRetentionBackup *backups, int count,
						   int64_t now, int64_t window_s)
{
	int64_t		newest = INT64_MIN;

	for (int i = 0; i < count; i++)
	{
		if (backups[i].finished_at > newest)
			newest = backups[i].finished_at;
	}
	if (newest > now)
		newest = now;
	return newest < INT64_MIN + window_s ? INT64_MIN : newest - window_s;
}

int
wal_retention_base(const TimelineHistory *history,
				   const WalRetentionBackup *backups, int count,
				   int64_t window_start)
{
	int			base = WAL_RETENTION_NO_BASE;

	for (int i = 0; i < count; i++)
	{
		if (backups[i].finished_at > window_start ||
			!timeline_history_has(history, backups[i].timeline, backups[i].stop_lsn))
			continue;
		if (base < 0 || backups[i].start_lsn > backups[base].start_lsn)
			base = i;
	}
	return base;
}

bool
wal_is_needed(const WalName *name, uint64_t segment_bytes, uint64_t keep_from)
{
	uint64_t	end;

	if (name->kind == WAL_HISTORY)
		return true;
	end = (wal_segment_number(name, segment_bytes) + 1) * segment_bytes;
	return end > keep_from;
}

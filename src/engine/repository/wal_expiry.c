/*
 * What becomes of the WAL archive.
 */
#include "postgres_fe.h"

#include <time.h>

#include "failure.h"
#include "repository/wal_expiry.h"

/* A timeline of the archive. */
typedef struct LiveTimeline
{
	uint32		timeline;
	time_t		newest;			/* when its last file was stored */
} LiveTimeline;

/*
 * The timelines that files belong to, oldest first; allocated.
 */
static LiveTimeline *
list_timelines(const WalFiles *all, int *count)
{
	LiveTimeline *timelines = pg_malloc0((all->count + 1) * sizeof(LiveTimeline));

	*count = 0;
	for (int i = 0; i < all->count; i++)
	{
		const WalFile *file = &all->files[i];
		LiveTimeline *last = &timelines[*count];

		if (*count > 0 && timelines[*count - 1].timeline == file->name.timeline)
			last--;
		else
			(*count)++;
		last->timeline = file->name.timeline;
		last->newest = Max(last->newest, file->stored->modified);
	}
	return timelines;
}

/*
 * Reads the history of a timeline.  False if it should have one, but the
 * archive has not.
 */
static bool
read_history(Repository *repository, uint32 timeline, TimelineHistory *history)
{
	char	   *content = wal_archive_history(wal_archive_open(repository), timeline);
	bool		known = timeline == 1;

	timeline_history_begin(history, timeline);
	if (content != NULL)
		known = timeline_history_parse(history, timeline, content);
	pg_free(content);
	return known;
}

/*
 * Finds the base of a timeline; false if there is none.
 */
static bool
find_base(Repository *repository, const WalExpiryBackups *backups,
		  uint32 timeline, int *base)
{
	TimelineHistory *history = pg_malloc(sizeof(TimelineHistory));

	*base = WAL_RETENTION_NO_BASE;
	if (read_history(repository, timeline, history))
		*base = wal_retention_base(history, backups->backups, backups->count,
								   backups->window_start);
	pg_free(history);
	return *base != WAL_RETENTION_NO_BASE;
}

/*
 * Finds the bases of all timelines that are alive, and from where on WAL is
 * needed because of them.
 */
static uint64
find_bases(Repository *repository, const WalExpiryBackups *backups,
		   const WalFiles *all, WalExpiry *expiry)
{
	int			count;
	LiveTimeline *timelines = list_timelines(all, &count);
	uint64		keep_from = PG_UINT64_MAX;

	expiry->has_bases = count > 0 && backups->segment_bytes > 0;
	for (int i = 0; i < count; i++)
	{
		int			base;

		if (i < count - 1 && timelines[i].newest < backups->window_start)
			continue;
		if (!find_base(repository, backups, timelines[i].timeline, &base))
		{
			expiry->has_bases = false;
			continue;
		}
		expiry->is_base[base] = true;
		keep_from = Min(keep_from, backups->backups[base].start_lsn);
	}
	pg_free(timelines);
	return keep_from;
}

/*
 * Does the store not remove an object yet?
 */
static bool
is_locked(const Repository *repository, const StoreObject *object)
{
	return object->modified + (time_t) repository->store->lock_days * 86400 > time(NULL) &&
		repository->store->lock_days > 0;
}

WalExpiry *
wal_expiry_plan(Repository *repository, const WalExpiryBackups *backups)
{
	WalExpiry  *expiry = pg_malloc0(sizeof(WalExpiry));
	WalFiles	all = wal_archive_files(repository);
	uint64		keep_from;

	expiry->files = all.count;
	expiry->is_base = pg_malloc0(backups->count + 1);
	expiry->doomed = pg_malloc0((all.count + 1) * sizeof(char *));
	keep_from = find_bases(repository, backups, &all, expiry);
	for (int i = 0; i < all.count && expiry->has_bases; i++)
	{
		const WalFile *file = &all.files[i];

		if (wal_is_needed(&file->name, backups->segment_bytes, keep_from) ||
			is_locked(repository, file->stored))
			continue;
		expiry->doomed[expiry->doomed_count++] = pg_strdup(file->stored->name);
		expiry->doomed_bytes += file->stored->size;
		strlcpy(expiry->doomed_last, file->file, sizeof(expiry->doomed_last));
	}
	store_listing_free(&all.listing);
	return expiry;
}

void
wal_expiry_apply(Repository *repository, const WalExpiry *expiry)
{
	store_remove_many(repository->store, expiry->doomed, expiry->doomed_count);
}

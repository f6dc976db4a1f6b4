/*
 * From when to when a cluster can be brought back to any moment.
 */
#include "postgres_fe.h"

#include "common/timeline_history.h"
#include "common/wal_coverage.h"
#include "failure.h"
#include "recovery/recovery_window.h"
#include "repository/wal_archive.h"

/* What there is to recover with, along one timeline. */
typedef struct Sources
{
	const TimelineHistory *history;
	WalTimeline *timelines;		/* the history as a route */
	const WalFiles *files;
	WalName    *segments;		/* of the files, in order */
	int			segment_count;
} Sources;

/* Windows while they are collected. */
typedef struct WindowList
{
	RecoveryWindow *windows;
	int			count;
} WindowList;

/*
 * Is this a backup that a window can begin with?
 */
static bool
is_usable(const BackupEntry *entry)
{
	return entry->backup != NULL && entry->backup->manifest->physical != NULL &&
		backup_damaged_since(entry->backup) == 0;
}

/*
 * When the file was archived that ends at a position; 0 if there is none.
 */
static int64
archived_ms(const Sources *sources, uint64 end_lsn, uint64 segment_bytes)
{
	int64		archived = 0;

	for (int i = 0; i < sources->files->count; i++)
	{
		const WalFile *file = &sources->files->files[i];

		if (file->name.kind == WAL_SEGMENT &&
			timeline_index(sources->history, file->name.timeline) >= 0 &&
			(wal_segment_number(&file->name, segment_bytes) + 1) * segment_bytes == end_lsn)
			archived = Max(archived, INT64CONST(1000) * file->stored->modified);
	}
	return archived;
}

/*
 * Says which segments are missing; allocated.
 */
static char *
missing_text(const WalHole *hole, uint64 segment_bytes)
{
	char		first[WAL_SEGMENT_SIZE];
	char		last[WAL_SEGMENT_SIZE];

	wal_segment_of_number(hole->timeline, hole->first, segment_bytes, first);
	wal_segment_of_number(hole->timeline, hole->last, segment_bytes, last);
	if (hole->first == hole->last)
		return pg_strdup(first);
	return psprintf("%s to %s", first, last);
}

/*
 * What can be reached from one backup.
 */
static RecoveryWindow
window_of(const Sources *sources, const Manifest *manifest)
{
	const PhysicalBackup *physical = manifest->physical;
	WalRoute	route = {sources->timelines, sources->history->count + 1, physical->start_lsn};
	WalArchived archived = {sources->segments, sources->segment_count, physical->wal_segment_size};
	WalHole		hole = {0};
	WalCoverage coverage = wal_coverage(&route, &archived, &hole, 1);
	RecoveryWindow window = {
		.timeline = sources->history->timeline,
		.backup = manifest->id,
		.backups = 1,
		.begin_ms = manifest->finished_ms,
		.begin_lsn = physical->stop_lsn,
		.end_ms = manifest->finished_ms,
		.end_lsn = physical->stop_lsn
	};

	if (coverage.holes > 0)
		window.missing = missing_text(&hole, archived.segment_bytes);
	if (coverage.unbroken > physical->stop_lsn)
	{
		window.end_lsn = coverage.unbroken;
		window.end_ms = archived_ms(sources, coverage.unbroken, archived.segment_bytes);
		window.end_ms = Max(window.end_ms, manifest->finished_ms);
	}
	return window;
}

/*
 * Adds a window, or makes the last one longer that it follows without a hole.
 */
static void
add_window(WindowList *list, const RecoveryWindow *added)
{
	RecoveryWindow *last = list->count == 0 ? NULL : &list->windows[list->count - 1];

	if (last == NULL || last->timeline != added->timeline || last->end_lsn < added->begin_lsn)
	{
		list->windows[list->count++] = *added;
		return;
	}
	last->backups++;
	if (added->end_lsn < last->end_lsn)
		return;
	last->end_lsn = added->end_lsn;
	last->end_ms = Max(last->end_ms, added->end_ms);
	last->missing = added->missing;
}

/*
 * Reads the history of a timeline; one without a file has no ancestors.
 */
static TimelineHistory *
read_history(WalArchive *archive, uint32 timeline)
{
	TimelineHistory *history = pg_malloc(sizeof(TimelineHistory));
	char	   *content = wal_archive_history(archive, timeline);

	if (content == NULL || !timeline_history_parse(history, timeline, content))
		timeline_history_begin(history, timeline);
	pg_free(content);
	return history;
}

/*
 * Adds the windows of a timeline.
 */
static void
add_timeline(WindowList *list, Sources *sources, uint32 timeline,
			 WalArchive *archive, const BackupEntry *entries, int count)
{
	TimelineHistory *history = read_history(archive, timeline);

	sources->history = history;
	sources->timelines = pg_malloc0((history->count + 1) * sizeof(WalTimeline));
	wal_route_of_history(history, sources->timelines);
	for (int i = 0; i < count; i++)
	{
		const PhysicalBackup *physical;
		RecoveryWindow window;

		if (!is_usable(&entries[i]))
			continue;
		physical = entries[i].backup->manifest->physical;
		if (!timeline_history_has(history, physical->timeline, physical->stop_lsn))
			continue;
		window = window_of(sources, entries[i].backup->manifest);
		add_window(list, &window);
	}
	pg_free(sources->timelines);
	pg_free(history);
}

/*
 * The next timeline, after a certain one, that a backup or a file belongs to;
 * 0 if there is none.
 */
static uint32
next_timeline(uint32 after, const WalFiles *files, const BackupEntry *entries, int count)
{
	uint32		next = 0;

	for (int i = 0; i < files->count; i++)
	{
		uint32		timeline = files->files[i].name.timeline;

		if (timeline > after && (next == 0 || timeline < next))
			next = timeline;
	}
	for (int i = 0; i < count; i++)
	{
		uint32		timeline = is_usable(&entries[i]) ? entries[i].backup->manifest->physical->timeline : 0;

		if (timeline > after && (next == 0 || timeline < next))
			next = timeline;
	}
	return next;
}

/*
 * The windows of all timelines that files of the archive or backups belong to.
 */
static WindowList
list_windows(Repository *repository, const WalFiles *files)
{
	int			entry_count;
	BackupEntry *entries = repository_load_all(repository, &entry_count);
	WalArchive *archive = wal_archive_open(repository);
	Sources		sources = {.files = files};
	WindowList	list = {pg_malloc0(sizeof(RecoveryWindow)), 0};
	uint32		timeline = 0;

	sources.segments = pg_malloc0((files->count + 1) * sizeof(WalName));
	for (int i = 0; i < files->count; i++)
	{
		if (files->files[i].name.kind == WAL_SEGMENT)
			sources.segments[sources.segment_count++] = files->files[i].name;
	}
	while ((timeline = next_timeline(timeline, files, entries, entry_count)) != 0)
	{
		list.windows = pg_realloc(list.windows, (list.count + entry_count + 1) * sizeof(RecoveryWindow));
		add_timeline(&list, &sources, timeline, archive, entries, entry_count);
	}
	pg_free(sources.segments);
	return list;
}

RecoveryWindow *
recovery_windows(Repository *repository, int *count)
{
	WalFiles	files = wal_archive_files(repository);
	WindowList	list = list_windows(repository, &files);

	store_listing_free(&files.listing);
	*count = list.count;
	return list.windows;
}

/*
 * The timeline that got the last file; of two at the same time the newer one.
 * The unfinished segment of a timeline that is left comes after all else.
 */
static uint32
last_timeline(const WalFiles *files)
{
	const WalFile *last = NULL;

	for (int i = 0; i < files->count; i++)
	{
		const WalFile *file = &files->files[i];

		if (file->name.kind != WAL_PARTIAL && file->name.kind != WAL_TAIL &&
			(last == NULL || file->stored->modified > last->stored->modified ||
			 (file->stored->modified == last->stored->modified &&
			  file->name.timeline > last->name.timeline)))
			last = file;
	}
	return last == NULL ? 0 : last->name.timeline;
}

/*
 * The last window of a timeline.
 */
static RecoveryWindow
window_of_timeline(const WindowList *list, uint32 timeline)
{
	RecoveryWindow window = {.timeline = timeline};

	for (int i = 0; i < list->count; i++)
	{
		if (list->windows[i].timeline == timeline)
			window = list->windows[i];
	}
	return window;
}

RecoveryWindow *
recovery_windows_alive(Repository *repository, int *count)
{
	RecoveryWindow *alive = pg_malloc0(2 * sizeof(RecoveryWindow));
	WalFiles	files = wal_archive_files(repository);
	uint32		last = last_timeline(&files);
	uint32		newest = last;
	WindowList	list = list_windows(repository, &files);

	for (int i = 0; i < files.count; i++)
		newest = Max(newest, files.files[i].name.timeline);
	store_listing_free(&files.listing);
	*count = 0;
	if (list.count > 0 && last != 0)
		alive[(*count)++] = window_of_timeline(&list, newest);
	if (list.count > 0 && last != newest)
		alive[(*count)++] = window_of_timeline(&list, last);
	pg_free(list.windows);
	return alive;
}

char *
recovery_window_missing(const RecoveryWindow *window)
{
	if (window->missing == NULL)
		return NULL;
	return psprintf("WAL is missing (%s): on timeline %u the cluster can be recovered up to %s only",
					window->missing, window->timeline, lsn_text(window->end_lsn));
}

char *
recovery_missing(Repository *repository)
{
	char	   *all = NULL;
	int			count;
	RecoveryWindow *windows = recovery_windows_alive(repository, &count);

	for (int i = 0; i < count; i++)
	{
		char	   *missing = recovery_window_missing(&windows[i]);

		if (missing != NULL)
			all = all == NULL ? missing : psprintf("%s\n%s", all, missing);
	}
	pg_free(windows);
	return all;
}

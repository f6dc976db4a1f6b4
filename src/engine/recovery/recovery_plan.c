/*
 * How a cluster gets from a backup to a moment after it.
 */
#include "postgres_fe.h"

#include "common/wal_coverage.h"
#include "lib/stringinfo.h"
#include "recovery/archive_reach.h"
#include "recovery/recovery_plan.h"
#include "repository/wal_tail.h"

/* How many gaps are named. */
#define GAPS_NAMED 5

/*
 * The segments from the backup's first one on that the archive has, ascending:
 * each on the one timeline of which it is needed.
 */
typedef struct Chain
{
	const PhysicalBackup *backup;
	WalRoute	route;
	uint64		first;
	uint64	   *numbers;
	int			count;
	uint64		known_lsn;		/* so far there was WAL */
	uint64		tail_lsn;		/* end of the pieces behind it; 0 if none */
} Chain;

/*
 * What of a backup decides whether it suits.
 */
static RecoveryStart
recovery_start(const Manifest *manifest)
{
	RecoveryStart start = {
		.started_ms = manifest->started_ms,
		.finished_ms = manifest->finished_ms,
		.stop_lsn = manifest->physical->stop_lsn
	};

	return start;
}

/*
 * Reads the history of a timeline; false if the archive has none.
 */
static bool
read_history(WalArchive *archive, uint32 timeline, TimelineHistory *history)
{
	char	   *content = wal_archive_history(archive, timeline);

	if (content == NULL)
		return false;
	if (!timeline_history_parse(history, timeline, content))
		fail(FAILURE_DAMAGED, NULL, "file \"%08X.history\" in the archive is not the history of a timeline",
			 timeline);
	pg_free(content);
	return true;
}

/*
 * Does the end of the backup belong to this history?
 */
static bool
leads_on(const TimelineHistory *history, const PhysicalBackup *backup)
{
	return timeline_history_has(history, backup->timeline, backup->stop_lsn);
}

/*
 * Finds the newest timeline that the backup leads to, as the server would: it
 * asks for one history after the other until one is not there.
 */
static void
follow_newest(WalArchive *archive, const PhysicalBackup *backup, TimelineHistory *history)
{
	TimelineHistory *next = pg_malloc(sizeof(TimelineHistory));

	if (!read_history(archive, backup->timeline, history))
		timeline_history_begin(history, backup->timeline);
	for (uint32 timeline = backup->timeline + 1; read_history(archive, timeline, next); timeline++)
	{
		if (leads_on(next, backup))
			*history = *next;
	}
	pg_free(next);
}

/*
 * Finds the history that the target asks for; false if the backup is not part
 * of it.
 */
static bool
find_history(WalArchive *archive, const PhysicalBackup *backup,
			 const RecoveryTarget *target, TimelineHistory *history)
{
	if (target->timeline == 0)
		follow_newest(archive, backup, history);
	else if (!read_history(archive, target->timeline, history))
		timeline_history_begin(history, target->timeline);
	return leads_on(history, backup);
}

/*
 * The newest physical backup that suits; NULL if none does.
 */
static const char *
find_backup(Repository *repository, const RecoveryTarget *target)
{
	WalArchive *archive = wal_archive_open(repository);
	TimelineHistory *history = pg_malloc(sizeof(TimelineHistory));
	const char *found = NULL;
	int			count;
	BackupEntry *entries = repository_load_all(repository, &count);

	for (int i = count - 1; i >= 0 && found == NULL; i--)
	{
		const Manifest *manifest;
		RecoveryStart start;

		if (entries[i].backup == NULL || entries[i].backup->manifest->physical == NULL)
			continue;
		manifest = entries[i].backup->manifest;
		start = recovery_start(manifest);
		if (recovery_is_after(target, &start) &&
			find_history(archive, manifest->physical, target, history))
			found = manifest->id;
	}
	pg_free(history);
	return found;
}

const char *
recovery_choose_backup(Repository *repository, const RecoveryTarget *target)
{
	const char *found = find_backup(repository, target);

	if (found == NULL)
		fail(FAILURE_UNDEFINED,
			 "\"erpgo_backup list\" shows the backups. A recovery begins at one that was complete before the target.",
			 "there is no physical backup of cluster \"%s\" that a recovery to that target can begin at",
			 repository->cluster);
	return found;
}

/*
 * A hint that names a backup that suits, or NULL.
 */
static const char *
suitable_hint(Repository *repository, const RecoveryTarget *target)
{
	const char *found = find_backup(repository, target);

	return found == NULL ? NULL : psprintf("Backup \"%s\" suits.", found);
}

/*
 * The name of a segment; allocated.
 */
static char *
segment_text(const Chain *chain, uint64 number)
{
	uint64		bytes = chain->backup->wal_segment_size;
	char	   *name = pg_malloc(WAL_SEGMENT_SIZE);

	wal_segment_of_number(wal_route_timeline(&chain->route, number, bytes), number, bytes, name);
	return name;
}

/*
 * Adds the segments of a timeline that are needed of that one.
 */
static void
add_timeline(Chain *chain, WalArchive *archive, uint32 timeline)
{
	uint64		bytes = chain->backup->wal_segment_size;
	int			count;
	WalName    *segments = wal_archive_segments(archive, timeline, &count);

	chain->numbers = pg_realloc(chain->numbers, (chain->count + count + 1) * sizeof(uint64));
	for (int i = 0; i < count; i++)
	{
		uint64		number = wal_segment_number(&segments[i], bytes);

		if (number >= chain->first &&
			wal_route_timeline(&chain->route, number, bytes) == timeline)
			chain->numbers[chain->count++] = number;
	}
	pg_free(segments);
}

/*
 * For qsort and bsearch.
 */
static int
compare_numbers(const void *a, const void *b)
{
	uint64		first = *(const uint64 *) a;
	uint64		second = *(const uint64 *) b;

	return first < second ? -1 : first > second;
}

/*
 * Reads which segments there are.
 */
static void
read_chain(Chain *chain, WalArchive *archive)
{
	int			kept = 0;

	for (int i = 0; i < chain->route.count; i++)
		add_timeline(chain, archive, chain->route.timelines[i].timeline);
	qsort(chain->numbers, chain->count, sizeof(uint64), compare_numbers);
	for (int i = 0; i < chain->count; i++)
	{
		if (kept == 0 || chain->numbers[i] != chain->numbers[kept - 1])
			chain->numbers[kept++] = chain->numbers[i];
	}
	chain->count = kept;
}

/*
 * The number after the last segment that is there; 0 if none is.
 */
static uint64
chain_end(const Chain *chain)
{
	return chain->count == 0 ? 0 : chain->numbers[chain->count - 1] + 1;
}

/*
 * The number after the last segment that the backup brings.
 */
static uint64
own_end(const Chain *chain)
{
	return chain->backup->stop_lsn / chain->backup->wal_segment_size + 1;
}

/*
 * The number after the last segment that there was.
 */
static uint64
known_end(const Chain *chain)
{
	uint64		bytes = chain->backup->wal_segment_size;

	return (chain->known_lsn + bytes - 1) / bytes;
}

/*
 * Takes the pieces of the unfinished segment for the last one of the chain, if
 * nothing that was there once is missing then.  A server would take them
 * before the backup's own segments, which are whole.
 */
static void
add_tail(Chain *chain, WalArchive *archive)
{
	uint64		number = Max(chain_end(chain), own_end(chain));
	uint64		begin_lsn = number * chain->backup->wal_segment_size;
	WalName		name;
	uint32		reach = 0;

	if (chain->count > 0 && wal_name_parse(segment_text(chain, number), &name))
		reach = wal_tail_end(archive, &name);
	if (reach == 0 || begin_lsn + reach < chain->known_lsn)
		return;
	chain->tail_lsn = begin_lsn + reach;
	chain->numbers = pg_realloc(chain->numbers, (chain->count + 1) * sizeof(uint64));
	chain->numbers[chain->count++] = number;
}

/*
 * Is there a segment of that number?
 */
static bool
chain_has(const Chain *chain, uint64 number)
{
	return bsearch(&number, chain->numbers, chain->count, sizeof(uint64),
				   compare_numbers) != NULL;
}

/*
 * Adds the names of missing segments, as long as not too many are named.
 */
static void
name_missing(const Chain *chain, uint64 from, uint64 to, uint64 *missing,
			 StringInfo names)
{
	for (uint64 number = from; number < to && *missing + (number - from) < GAPS_NAMED; number++)
		appendStringInfo(names, "%s\"%s\"", names->len > 0 ? ", " : "",
						 segment_text(chain, number));
	*missing += to - from;
}

/*
 * Fails if segments before the end are missing.
 */
static void
require_no_gaps(const Chain *chain, uint64 end)
{
	StringInfoData names;
	uint64		expected = chain->first;
	uint64		missing = 0;

	initStringInfo(&names);
	for (int i = 0; i < chain->count && chain->numbers[i] < end; i++)
	{
		name_missing(chain, expected, chain->numbers[i], &missing, &names);
		expected = chain->numbers[i] + 1;
	}
	if (expected < end)
		name_missing(chain, expected, end, &missing, &names);
	if (missing > 0)
		fail(FAILURE_DAMAGED,
			 "Take the objects of these segments from another copy of the repository, begin at a later backup, or choose a target before the gap with --to-lsn.",
			 "segments of WAL that the recovery needs are not in the archive (%llu): %s%s",
			 (unsigned long long) missing, names.data, missing > GAPS_NAMED ? ", ..." : "");
	pfree(names.data);
}

/*
 * The number after the last segment that the target needs.  The backup brings
 * its own WAL; where a time or transaction is, only the WAL itself tells, so
 * all that is there, and all that was there once, must hang together.
 */
static uint64
needed_end(const Chain *chain, const RecoveryTarget *target)
{
	uint64		bytes = chain->backup->wal_segment_size;

	if (target->kind == RECOVERY_IMMEDIATE)
		return Min(chain_end(chain), own_end(chain));
	if (target->kind != RECOVERY_LSN)
		return Max(chain_end(chain), known_end(chain));
	if (target->lsn < own_end(chain) * bytes)
		return Min(chain_end(chain), own_end(chain));
	return target->lsn / bytes + 1;
}

/*
 * Fails unless the backup suits the target.
 */
static void
require_suitable(Repository *repository, const Manifest *manifest,
				 const RecoveryTarget *target, TimelineHistory *history)
{
	RecoveryStart start = recovery_start(manifest);

	if (recovery_is_before(target, &start))
		fail(FAILURE_STATE, suitable_hint(repository, target),
			 "backup \"%s\" is too late for the target: its end at %s is after it",
			 manifest->id, lsn_text(start.stop_lsn));
	if (!find_history(wal_archive_open(repository), manifest->physical, target, history))
		fail(FAILURE_STATE, suitable_hint(repository, target),
			 "backup \"%s\" of timeline %u is not in the history of timeline %u in the archive",
			 manifest->id, manifest->physical->timeline, target->timeline);
}

/*
 * Notes the names of the segments before the end.
 */
static void
name_segments(RecoveryPlan *plan, const Chain *chain, uint64 end)
{
	plan->segments = pg_malloc((chain->count + 1) * sizeof(char *));
	for (int i = 0; i < chain->count && chain->numbers[i] < end; i++)
		plan->segments[plan->segment_count++] = segment_text(chain, chain->numbers[i]);
}

/*
 * Fails if the target is behind the last piece of its segment.
 */
static void
require_in_tail(const Chain *chain, const RecoveryTarget *target)
{
	if (target->kind == RECOVERY_LSN && chain->tail_lsn != 0 && target->lsn >= chain->tail_lsn &&
		target->lsn / chain->backup->wal_segment_size == chain_end(chain) - 1)
		fail(FAILURE_STATE, "Choose a target before that.",
			 "the archive ends before the target: with the pieces of the unfinished segment it goes to %s",
			 lsn_text(chain->tail_lsn));
}

/*
 * Finds out what the archive has on the way from the backup.
 */
static void
build_chain(Chain *chain, Repository *repository, const Manifest *manifest,
			const TimelineHistory *history, bool with_tail)
{
	WalArchive *archive = wal_archive_open(repository);
	WalTimeline *timelines = pg_malloc((history->count + 1) * sizeof(WalTimeline));

	wal_route_of_history(history, timelines);
	chain->backup = manifest->physical;
	chain->route = (WalRoute)
	{
		timelines, history->count + 1, chain->backup->start_lsn
	};
	chain->first = chain->backup->start_lsn / chain->backup->wal_segment_size;
	read_chain(chain, archive);
	chain->known_lsn = archive_reach(repository, manifest, history);
	if (with_tail)
		add_tail(chain, archive);
}

RecoveryPlan *
recovery_plan(Repository *repository, const Manifest *manifest,
			  const RecoveryTarget *target, bool with_tail)
{
	RecoveryPlan *plan = pg_malloc0(sizeof(RecoveryPlan));
	Chain		chain = {0};
	uint64		end;
	uint64		last;

	require_suitable(repository, manifest, target, &plan->history);
	build_chain(&chain, repository, manifest, &plan->history, with_tail);
	end = needed_end(&chain, target);
	require_in_tail(&chain, target);
	require_no_gaps(&chain, end);
	plan->hole_follows = end < chain_end(&chain) && !chain_has(&chain, end);
	name_segments(plan, &chain, end);
	plan->own_last = segment_text(&chain, own_end(&chain) - 1);
	plan->tail_lsn = end < chain_end(&chain) ? 0 : chain.tail_lsn;
	last = plan->tail_lsn == 0 ? end : end - 1;
	plan->last_lsn = last > chain.first ? (last - 1) * manifest->physical->wal_segment_size : 0;
	pg_free(chain.numbers);
	return plan;
}

/*
 * What a WAL archive covers.
 */
#include "common/wal_coverage.h"

#define LOG_BYTES (UINT64_C(1) << 32)

/* Where missing segments are noted. */
typedef struct HoleList
{
	WalHole    *holes;
	int			room;
	int			count;
} HoleList;

uint64_t
wal_segment_number(const WalName *name, uint64_t segment_bytes)
{
	return name->log * (LOG_BYTES / segment_bytes) + name->segment;
}

void
wal_segment_of_number(uint32_t timeline, uint64_t number,
					  uint64_t segment_bytes, char text[WAL_SEGMENT_SIZE])
{
	uint64_t	per_log = LOG_BYTES / segment_bytes;
	WalName		name = {
		.kind = WAL_SEGMENT, .timeline = timeline,
		.log = number / per_log, .segment = number % per_log
	};

	wal_segment_format(&name, text);
}

void
wal_route_of_history(const TimelineHistory *history, WalTimeline *timelines)
{
	for (int i = 0; i <= history->count; i++)
	{
		timelines[i].timeline = timeline_at(history, i);
		timelines[i].begin = i == 0 ? 0 : history->ancestors[i - 1].end_lsn;
	}
}

/*
 * The newest timeline of the route that has begun at a segment.
 */
static int
step_at(const WalRoute *route, uint64_t segment, uint64_t segment_bytes)
{
	int			step = route->count - 1;

	while (step > 0 && route->timelines[step].begin / segment_bytes > segment)
		step--;
	return step;
}

uint32_t
wal_route_timeline(const WalRoute *route, uint64_t segment, uint64_t segment_bytes)
{
	return route->timelines[step_at(route, segment, segment_bytes)].timeline;
}

/*
 * Notes that the segments from first up to, but without, next are missing:
 * one hole for each timeline that they belong to.
 */
static void
note_holes(HoleList *list, const WalRoute *route, uint64_t segment_bytes,
		   uint64_t first, uint64_t next)
{
	while (first < next)
	{
		int			step = step_at(route, first, segment_bytes);
		uint64_t	until = next;

		if (step + 1 < route->count &&
			route->timelines[step + 1].begin / segment_bytes < next)
			until = route->timelines[step + 1].begin / segment_bytes;
		if (list->count < list->room)
			list->holes[list->count] = (WalHole)
		{
			route->timelines[step].timeline, first, until - 1
		};
		list->count++;
		first = until;
	}
}

WalCoverage
wal_coverage(const WalRoute *route, const WalArchived *archived,
			 WalHole *holes, int room)
{
	HoleList	list = {holes, room, 0};
	WalCoverage coverage = {route->start, route->start, 0};
	uint64_t	expected = route->start / archived->segment_bytes;

	/* A child has a greater number: their order is that of positions. */
	for (int i = 0; i < archived->count; i++)
	{
		const WalName *name = &archived->segments[i];
		uint64_t	segment = wal_segment_number(name, archived->segment_bytes);
		int			step = step_at(route, segment, archived->segment_bytes);

		if (segment < expected || route->timelines[step].timeline != name->timeline)
			continue;
		note_holes(&list, route, archived->segment_bytes, expected, segment);
		expected = segment + 1;
		coverage.end = expected * archived->segment_bytes;
		if (list.count == 0)
			coverage.unbroken = coverage.end;
	}
	coverage.holes = list.count;
	return coverage;
}

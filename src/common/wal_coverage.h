/*
 * What a WAL archive covers: how far recovery gets from a backup, along the
 * timelines that lead to one, and which segments are missing on the way.
 */
#ifndef ERPGO_COMMON_WAL_COVERAGE_H
#define ERPGO_COMMON_WAL_COVERAGE_H

#include <stdint.h>

#include "common/timeline_history.h"
#include "common/wal_name.h"

/* A timeline, and the position at which it left its parent; 0 of the first. */
typedef struct WalTimeline
{
	uint32_t	timeline;
	uint64_t	begin;
} WalTimeline;

/*
 * The way of a recovery: its timelines, oldest first, as the history file of
 * the last one lists them, and the position at which it starts.
 */
typedef struct WalRoute
{
	const WalTimeline *timelines;
	int			count;			/* never 0 */
	uint64_t	start;
} WalRoute;

/* The segments that are archived, in the order of wal_segment_compare. */
typedef struct WalArchived
{
	const WalName *segments;
	int			count;
	uint64_t	segment_bytes;
} WalArchived;

/* Segments of one timeline that are missing, counted from position 0. */
typedef struct WalHole
{
	uint32_t	timeline;
	uint64_t	first;
	uint64_t	last;
} WalHole;

typedef struct WalCoverage
{
	uint64_t	unbroken;		/* up to here nothing is missing */
	uint64_t	end;			/* the archive ends at this one */
	int			holes;			/* all of them, with room or without */
} WalCoverage;

/* The number of a segment, counted from position 0. */
extern uint64_t wal_segment_number(const WalName *name, uint64_t segment_bytes);

/* And the reverse: writes the name of a segment. */
extern void wal_segment_of_number(uint32_t timeline, uint64_t number,
								  uint64_t segment_bytes,
								  char text[WAL_SEGMENT_SIZE]);

/*
 * Writes the timelines of a history, history->count + 1 of them, as those of a
 * route.
 */
extern void wal_route_of_history(const TimelineHistory *history,
								 WalTimeline *timelines);

/*
 * The timeline whose copy of a segment a recovery on this route needs.  Where
 * a timeline begins within a segment, that is its own one: a server asks for
 * that first, and the copy of the timeline that was left may go on with what
 * never happened on this route.
 */
extern uint32_t wal_route_timeline(const WalRoute *route, uint64_t segment,
								   uint64_t segment_bytes);

/*
 * Follows a route through what is archived.  Writes the first holes, as many
 * as have room.  What would follow the newest segment is no hole.
 */
extern WalCoverage wal_coverage(const WalRoute *route,
								const WalArchived *archived,
								WalHole *holes, int room);

#endif

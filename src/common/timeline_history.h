/*
 * The history of a timeline: through which timelines it came to be, as the
 * server's .history files tell it.
 */
#ifndef ERPGO_COMMON_TIMELINE_HISTORY_H
#define ERPGO_COMMON_TIMELINE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

/* More promotions than any cluster sees. */
#define TIMELINE_LIMIT 1024

/* A timeline, and where it was left for the next one. */
typedef struct TimelineSwitch
{
	uint32_t	timeline;
	uint64_t	end_lsn;
} TimelineSwitch;

typedef struct TimelineHistory
{
	uint32_t	timeline;		/* the last one, which has no end */
	TimelineSwitch ancestors[TIMELINE_LIMIT];	/* oldest first */
	int			count;
} TimelineHistory;

/* Makes it the history of a timeline that comes from no other one. */
extern void timeline_history_begin(TimelineHistory *history, uint32_t timeline);

/*
 * Reads the content of the .history file of a timeline; false unless it is
 * what a server writes: ancestors in ascending order, each left behind no
 * earlier than the one before.
 */
extern bool timeline_history_parse(TimelineHistory *history, uint32_t timeline,
								   const char *text);

/* Does a position on a timeline belong to this history? */
extern bool timeline_history_has(const TimelineHistory *history, uint32_t timeline,
								 uint64_t lsn);

/*
 * The timeline, counted from the oldest as 0, or -1 if it is none of them; and
 * the reverse.  history->count is the last one.
 */
extern int	timeline_index(const TimelineHistory *history, uint32_t timeline);
extern uint32_t timeline_at(const TimelineHistory *history, int index);

#endif

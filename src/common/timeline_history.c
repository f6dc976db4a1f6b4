/*
 * The history of a timeline.
 */
#include "common/timeline_history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
timeline_history_begin(TimelineHistory *history, uint32_t timeline)
{
	memset(history, 0, sizeof(*history));
	history->timeline = timeline;
}

/*
 * Adds what a line says; false unless it may follow those before it.
 */
static bool
add_line(TimelineHistory *history, const char *line)
{
	TimelineSwitch *added = &history->ancestors[history->count];
	const TimelineSwitch *last = added - 1;
	uint32_t	high;
	uint32_t	low;

	line += strspn(line, " \t\r");
	if (*line == '\0' || *line == '#')
		return true;
	if (history->count == TIMELINE_LIMIT ||
		sscanf(line, "%" SCNu32 "\t%" SCNx32 "/%" SCNx32, &added->timeline, &high, &low) != 3)
		return false;
	added->end_lsn = (uint64_t) high << 32 | low;
	if (added->timeline == 0 || added->timeline >= history->timeline)
		return false;
	if (history->count > 0 &&
		(added->timeline <= last->timeline || added->end_lsn < last->end_lsn))
		return false;
	history->count++;
	return true;
}

bool
timeline_history_parse(TimelineHistory *history, uint32_t timeline, const char *text)
{
	char		line[256];

	timeline_history_begin(history, timeline);
	while (*text != '\0')
	{
		size_t		len = strcspn(text, "\n");

		/* The reason of a switch may be long, and does not matter. */
		snprintf(line, sizeof(line), "%.*s",
				 (int) (len < sizeof(line) ? len : sizeof(line) - 1), text);
		if (!add_line(history, line))
			return false;
		text += len;
		text += *text == '\n';
	}
	return history->count > 0;
}

int
timeline_index(const TimelineHistory *history, uint32_t timeline)
{
	for (int i = 0; i <= history->count; i++)
	{
		if (timeline_at(history, i) == timeline)
			return i;
	}
	return -1;
}

uint32_t
timeline_at(const TimelineHistory *history, int index)
{
	return index == history->count ? history->timeline : history->ancestors[index].timeline;
}

bool
timeline_history_has(const TimelineHistory *history, uint32_t timeline, uint64_t lsn)
{
	int			index = timeline_index(history, timeline);

	return index == history->count ||
		(index >= 0 && lsn <= history->ancestors[index].end_lsn);
}

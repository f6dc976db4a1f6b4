/*
 * The pieces of a segment that its server has not finished.
 */
#include "common/wal_tail.h"

int
wal_tail_next(const WalName *pieces, int count, uint32_t position)
{
	int			best = -1;

	for (int i = 0; i < count; i++)
	{
		if (pieces[i].from <= position && pieces[i].to > position &&
			(best < 0 || pieces[i].to > pieces[best].to))
			best = i;
	}
	return best;
}

uint32_t
wal_tail_reach(const WalName *pieces, int count)
{
	uint32_t	reach = 0;
	int			next;

	while ((next = wal_tail_next(pieces, count, reach)) >= 0)
		reach = pieces[next].to;
	return reach;
}

uint32_t
wal_tail_begin(const WalName *pieces, int count)
{
	return count < WAL_TAIL_PIECES ? wal_tail_reach(pieces, count) : 0;
}

bool
wal_tail_is_covered(const WalName *pieces, int count, int index)
{
	const WalName *piece = &pieces[index];

	for (int i = 0; i < count; i++)
	{
		if (i != index && pieces[i].from <= piece->from && pieces[i].to >= piece->to)
			return true;
	}
	return false;
}

bool
wal_tail_has_gap(const WalName *pieces, int count)
{
	uint32_t	reach = wal_tail_reach(pieces, count);

	for (int i = 0; i < count; i++)
	{
		if (pieces[i].to > reach)
			return true;
	}
	return false;
}

/*
 * The pieces of a segment that its server has not finished: each holds what
 * was written since the one before, or everything once more, so that there
 * need not be many.
 */
#ifndef ERPGO_COMMON_WAL_TAIL_H
#define ERPGO_COMMON_WAL_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wal_name.h"

/* So many pieces are followed by one that holds them all. */
#define WAL_TAIL_PIECES 32

/*
 * Which of the pieces of a segment goes on at a position and reaches farthest
 * beyond it; -1 if none does.
 */
extern int	wal_tail_next(const WalName *pieces, int count, uint32_t position);

/* How far the pieces go from the beginning of the segment without a gap. */
extern uint32_t wal_tail_reach(const WalName *pieces, int count);

/* Where the next piece is to begin. */
extern uint32_t wal_tail_begin(const WalName *pieces, int count);

/* Does another piece of the same segment hold all of this one? */
extern bool wal_tail_is_covered(const WalName *pieces, int count, int index);

/* Does a piece begin behind the reach, so that something is missing? */
extern bool wal_tail_has_gap(const WalName *pieces, int count);

#endif

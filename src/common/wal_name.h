/*
 * The names of the files in a WAL archive: those that a server archives, as it
 * gives them, and the pieces of a segment that it has not finished.
 *
 *   000000010000000A000000FF                     a segment
 *   000000010000000A000000FF.partial             what a timeline left of its last one
 *   000000010000000A000000FF.00000028.backup     notes on a base backup
 *   00000002.history                             where timeline 2 comes from
 *   000000010000000A000000FF.00000000.0012F6A8.tail
 *                                                a piece, from one byte to before another
 */
#ifndef ERPGO_COMMON_WAL_NAME_H
#define ERPGO_COMMON_WAL_NAME_H

#include <stdbool.h>
#include <stdint.h>

/* Enough for every name and its terminating zero. */
#define WAL_NAME_SIZE 48
/* Enough for the name of a segment and its terminating zero. */
#define WAL_SEGMENT_SIZE 25
/* Enough for wal_name_folder. */
#define WAL_FOLDER_SIZE 18

typedef enum WalKind
{
	WAL_SEGMENT,
	WAL_PARTIAL,
	WAL_BACKUP,
	WAL_HISTORY,
	WAL_TAIL
} WalKind;

typedef struct WalName
{
	WalKind		kind;
	uint32_t	timeline;		/* never 0 */
	uint32_t	log;			/* the middle and the last eight digits; */
	uint32_t	segment;		/* 0 of a history file */
	uint32_t	from;			/* of a piece: its bytes in the segment, and */
	uint32_t	to;				/* the first one behind them; else 0 */
} WalName;

/*
 * Reads the name of a file.  Returns false unless it is exactly one that a
 * server gives: names come from outside, and become names of objects.
 */
extern bool wal_name_parse(const char *text, WalName *name);

/* The same, for whatever a WAL archive has: also pieces, which are not empty. */
extern bool wal_file_parse(const char *text, WalName *name);

/* Writes the name of a piece. */
extern void wal_tail_format(const WalName *name, char text[WAL_NAME_SIZE]);

/* Writes the name of a segment. */
extern void wal_segment_format(const WalName *name, char text[WAL_SEGMENT_SIZE]);

/*
 * The folder of a file in the archive: "00000001/0000000A", "00000002" of a
 * history file, or "00000001/tail" of a piece.
 */
extern void wal_name_folder(const WalName *name, char folder[WAL_FOLDER_SIZE]);

/*
 * Makes a name that of the following segment on its timeline, where segments
 * have so many bytes.
 */
extern void wal_segment_next(WalName *name, uint64_t segment_bytes);

/*
 * Which of two segments comes first, as strcmp says it: by timeline, then by
 * position.
 */
extern int	wal_segment_compare(const WalName *a, const WalName *b);

#endif

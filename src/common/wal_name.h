/*
 * The names of the files that a server archives, as it gives them.
 *
 *   000000010000000A000000FF                     a segment
 *   000000010000000A000000FF.partial             what a timeline left of its last one
 *   000000010000000A000000FF.00000028.backup     notes on a base backup
 *   00000002.history                             where timeline 2 comes from
 */
#ifndef ERPGO_COMMON_WAL_NAME_H
#define ERPGO_COMMON_WAL_NAME_H

#include <stdbool.h>
#include <stdint.h>

/* Enough for every name and its terminating zero. */
#define WAL_NAME_SIZE 41
/* Enough for the name of a segment and its terminating zero. */
#define WAL_SEGMENT_SIZE 25
/* Enough for wal_name_folder. */
#define WAL_FOLDER_SIZE 18

typedef enum WalKind
{
	WAL_SEGMENT,
	WAL_PARTIAL,
	WAL_BACKUP,
	WAL_HISTORY
} WalKind;

typedef struct WalName
{
	WalKind		kind;
	uint32_t	timeline;		/* never 0 */
	uint32_t	log;			/* the middle and the last eight digits; */
	uint32_t	segment;		/* 0 of a history file */
} WalName;

/*
 * Reads the name of a file.  Returns false unless it is exactly one that a
 * server gives: names come from outside, and become names of objects.
 */
extern bool wal_name_parse(const char *text, WalName *name);

/* Writes the name of a segment. */
extern void wal_segment_format(const WalName *name, char text[WAL_SEGMENT_SIZE]);

/*
 * The folder of a file in the archive: "00000001/0000000A", or "00000002" of
 * a history file.
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

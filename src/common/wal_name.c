/*
 * The names of the files in a WAL archive.
 */
#include "common/wal_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_DIGITS 8
#define SEGMENT_DIGITS (3 * NUMBER_DIGITS)

/* The bytes that one number of a segment's name in the middle stands for. */
#define LOG_BYTES (UINT64_C(1) << 32)

/*
 * Reads eight upper-case hexadecimal digits; false if there are none.
 */
static bool
read_number(const char *text, uint32_t *number)
{
	*number = 0;
	for (int i = 0; i < NUMBER_DIGITS; i++)
	{
		char		digit = text[i];

		if (digit >= '0' && digit <= '9')
			*number = *number << 4 | (uint32_t) (digit - '0');
		else if (digit >= 'A' && digit <= 'F')
			*number = *number << 4 | (uint32_t) (digit - 'A' + 10);
		else
			return false;
	}
	return true;
}

/*
 * Reads what follows the digits of a segment; false if it is nothing that a
 * server writes there.
 */
static bool
read_ending(const char *ending, WalKind *kind)
{
	uint32_t	offset;

	if (ending[0] == '\0')
		*kind = WAL_SEGMENT;
	else if (strcmp(ending, ".partial") == 0)
		*kind = WAL_PARTIAL;
	else if (ending[0] == '.' && read_number(ending + 1, &offset) &&
			 strcmp(ending + 1 + NUMBER_DIGITS, ".backup") == 0)
		*kind = WAL_BACKUP;
	else
		return false;
	return true;
}

bool
wal_name_parse(const char *text, WalName *name)
{
	memset(name, 0, sizeof(*name));
	if (!read_number(text, &name->timeline) || name->timeline == 0)
		return false;
	if (strcmp(text + NUMBER_DIGITS, ".history") == 0)
	{
		name->kind = WAL_HISTORY;
		return true;
	}
	return read_number(text + NUMBER_DIGITS, &name->log) &&
		read_number(text + 2 * NUMBER_DIGITS, &name->segment) &&
		read_ending(text + SEGMENT_DIGITS, &name->kind);
}

/*
 * Reads what follows the digits of a segment; false unless that is what a
 * piece has there.
 */
static bool
read_piece(const char *ending, WalName *name)
{
	name->kind = WAL_TAIL;
	return ending[0] == '.' && read_number(ending + 1, &name->from) &&
		ending[1 + NUMBER_DIGITS] == '.' &&
		read_number(ending + 2 + NUMBER_DIGITS, &name->to) &&
		strcmp(ending + 2 + 2 * NUMBER_DIGITS, ".tail") == 0 &&
		name->from < name->to;
}

bool
wal_file_parse(const char *text, WalName *name)
{
	char		segment[WAL_SEGMENT_SIZE];

	if (wal_name_parse(text, name))
		return true;
	if (strnlen(text, WAL_SEGMENT_SIZE) < WAL_SEGMENT_SIZE)
		return false;
	memcpy(segment, text, SEGMENT_DIGITS);
	segment[SEGMENT_DIGITS] = '\0';
	return wal_name_parse(segment, name) && read_piece(text + SEGMENT_DIGITS, name);
}

void
wal_tail_format(const WalName *name, char text[WAL_NAME_SIZE])
{
	char		segment[WAL_SEGMENT_SIZE];

	wal_segment_format(name, segment);
	snprintf(text, WAL_NAME_SIZE, "%s.%08" PRIX32 ".%08" PRIX32 ".tail",
			 segment, name->from, name->to);
}

void
wal_segment_format(const WalName *name, char text[WAL_SEGMENT_SIZE])
{
	snprintf(text, WAL_SEGMENT_SIZE, "%08" PRIX32 "%08" PRIX32 "%08" PRIX32,
			 name->timeline, name->log, name->segment);
}

void
wal_name_folder(const WalName *name, char folder[WAL_FOLDER_SIZE])
{
	if (name->kind == WAL_HISTORY)
		snprintf(folder, WAL_FOLDER_SIZE, "%08" PRIX32, name->timeline);
	else if (name->kind == WAL_TAIL)
		snprintf(folder, WAL_FOLDER_SIZE, "%08" PRIX32 "/tail", name->timeline);
	else
		snprintf(folder, WAL_FOLDER_SIZE, "%08" PRIX32 "/%08" PRIX32,
				 name->timeline, name->log);
}

void
wal_segment_next(WalName *name, uint64_t segment_bytes)
{
	name->segment++;
	if (name->segment >= LOG_BYTES / segment_bytes)
	{
		name->segment = 0;
		name->log++;
	}
}

int
wal_segment_compare(const WalName *a, const WalName *b)
{
	if (a->timeline != b->timeline)
		return a->timeline < b->timeline ? -1 : 1;
	if (a->log != b->log)
		return a->log < b->log ? -1 : 1;
	return (a->segment > b->segment) - (a->segment < b->segment);
}

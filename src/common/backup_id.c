/*
 * The identifier of a backup: when it was started and its type.
 */
#include "common/backup_id.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What the time is written like; "0" stands for any digit. */
#define TIME_PATTERN "00000000T000000Z-"
#define TIME_LENGTH (sizeof(TIME_PATTERN) - 1)

#define SLOT_PREFIX "erpgo_backup_"

/*
 * The backups of year 10000 would no longer sort by time.
 */
#define TIME_LIMIT INT64_C(253402300800)

/*
 * Does the text begin with what looks like a time?
 */
static bool
has_time_pattern(const char *text)
{
	for (size_t i = 0; i < TIME_LENGTH; i++)
	{
		if (TIME_PATTERN[i] == '0' ? !isdigit((unsigned char) text[i]) :
			text[i] != TIME_PATTERN[i])
			return false;
	}
	return true;
}

/*
 * The value of so many digits.
 */
static int
digits_value(const char *digits, int count)
{
	int			value = 0;

	for (int i = 0; i < count; i++)
		value = value * 10 + (digits[i] - '0');
	return value;
}

/*
 * The time that a text with the right pattern stands for.  A time that is in
 * no calendar, like the 31st of February, becomes another one.
 */
static int64_t
time_value(const char *text)
{
	struct tm	utc = {
		.tm_year = digits_value(text, 4) - 1900,
		.tm_mon = digits_value(text + 4, 2) - 1,
		.tm_mday = digits_value(text + 6, 2),
		.tm_hour = digits_value(text + 9, 2),
		.tm_min = digits_value(text + 11, 2),
		.tm_sec = digits_value(text + 13, 2),
	};

	return timegm(&utc);
}

void
backup_id_make(char id[BACKUP_ID_SIZE], int64_t unix_time, BackupType type)
{
	time_t		seconds = (time_t) unix_time;
	struct tm	utc;

	gmtime_r(&seconds, &utc);
	strftime(id, BACKUP_ID_SIZE, "%Y%m%dT%H%M%SZ-", &utc);
	strncat(id, backup_type_name(type), BACKUP_ID_SIZE - 1 - strlen(id));
}

bool
backup_id_parse(const char *id, int64_t *unix_time, BackupType *type)
{
	char		canonical[BACKUP_ID_SIZE];
	BackupType	parsed_type;
	int64_t		parsed_time;

	if (!has_time_pattern(id) ||
		!backup_type_parse(id + TIME_LENGTH, &parsed_type))
		return false;
	parsed_time = time_value(id);
	if (parsed_time < 0 || parsed_time >= TIME_LIMIT)
		return false;

	/* Dates that do not exist and aliases of types do not come back equal. */
	backup_id_make(canonical, parsed_time, parsed_type);
	if (strcmp(id, canonical) != 0)
		return false;

	if (unix_time != NULL)
		*unix_time = parsed_time;
	if (type != NULL)
		*type = parsed_type;
	return true;
}

void
backup_id_slot(const char *id, char slot[BACKUP_SLOT_SIZE])
{
	snprintf(slot, BACKUP_SLOT_SIZE, SLOT_PREFIX "%s", id);
	for (char *letter = slot; *letter != '\0'; letter++)
	{
		if (*letter == '-')
			*letter = '_';
		else if (*letter >= 'A' && *letter <= 'Z')
			*letter += 'a' - 'A';
	}
}

/*
 * How far a recovery goes.
 */
#include "common/recovery_target.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/civil_time.h"

#define SECOND_US INT64_C(1000000)
#define LSN_DIGITS 8

static const char *const actions[] = {
	[RECOVERY_PROMOTE] = "promote",
	[RECOVERY_PAUSE] = "pause",
	[RECOVERY_SHUTDOWN] = "shutdown",
};

/*
 * Reads exactly so many decimal digits as a number between limits, and moves
 * the text past them.
 */
static bool
take_number(const char **text, int digits, int least, int most, int *number)
{
	*number = 0;
	for (int i = 0; i < digits; i++)
	{
		if (!isdigit((unsigned char) **text))
			return false;
		*number = *number * 10 + (*(*text)++ - '0');
	}
	return *number >= least && *number <= most;
}

/*
 * Moves the text past a character; false if there is another one.
 */
static bool
take_character(const char **text, char character)
{
	if (**text != character)
		return false;
	(*text)++;
	return true;
}

static bool
take_date(const char **text, CivilTime *shown)
{
	return take_number(text, 4, 1970, 9999, &shown->year) &&
		take_character(text, '-') &&
		take_number(text, 2, 1, 12, &shown->month) &&
		take_character(text, '-') &&
		take_number(text, 2, 1, civil_month_length(shown->year, shown->month),
					&shown->day);
}

static bool
take_time_of_day(const char **text, CivilTime *shown)
{
	return take_number(text, 2, 0, 23, &shown->hour) &&
		take_character(text, ':') &&
		take_number(text, 2, 0, 59, &shown->minute) &&
		take_character(text, ':') &&
		take_number(text, 2, 0, 59, &shown->second);
}

/*
 * Reads the part of a second, if there is one, of at most six digits.
 */
static bool
take_fraction(const char **text, int *microseconds)
{
	int			unit = SECOND_US;

	*microseconds = 0;
	if (!take_character(text, '.'))
		return true;
	while (isdigit((unsigned char) **text) && unit > 1)
	{
		unit /= 10;
		*microseconds += (*(*text)++ - '0') * unit;
	}
	return unit < SECOND_US;
}

/*
 * Reads "Z", or how far a clock is ahead of UTC, in seconds.
 */
static bool
take_offset(const char **text, int *seconds)
{
	int			hours;
	int			minutes = 0;
	int			sign;

	*seconds = 0;
	if (take_character(text, 'Z'))
		return true;
	sign = **text == '-' ? -1 : 1;
	if (!take_character(text, '+') && !take_character(text, '-'))
		return false;
	if (!take_number(text, 2, 0, 15, &hours))
		return false;
	if (take_character(text, ':') || **text != '\0')
	{
		if (!take_number(text, 2, 0, 59, &minutes))
			return false;
	}
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

/*
 * Writes a moment in UTC, as the server's setting wants it.
 */
static void
format_time(int64_t time_us, char text[RECOVERY_TEXT_SIZE])
{
	int64_t		second = time_us / SECOND_US;
	int			of_day = (int) (second % CIVIL_DAY_SECONDS);
	int			year;
	int			month;
	int			day;

	civil_date(second / CIVIL_DAY_SECONDS, &year, &month, &day);
	snprintf(text, RECOVERY_TEXT_SIZE, "%04d-%02d-%02d %02d:%02d:%02d.%06d+00",
			 year, month, day, of_day / 3600, of_day / 60 % 60, of_day % 60,
			 (int) (time_us % SECOND_US));
}

static bool
parse_time(RecoveryTarget *target, const char *text)
{
	CivilTime	shown;
	int			microseconds;
	int			offset;
	int64_t		second;

	if (!take_date(&text, &shown))
		return false;
	if (!take_character(&text, ' ') && !take_character(&text, 'T'))
		return false;
	if (!take_time_of_day(&text, &shown) || !take_fraction(&text, &microseconds))
		return false;
	(void) take_character(&text, ' ');
	if (!take_offset(&text, &offset) || *text != '\0')
		return false;
	second = civil_day_number(shown.year, shown.month, shown.day) * CIVIL_DAY_SECONDS +
		shown.hour * 3600 + shown.minute * 60 + shown.second - offset;
	if (second < 0 || second > CIVIL_LAST_MOMENT)
		return false;
	target->time_us = second * SECOND_US + microseconds;
	format_time(target->time_us, target->text);
	return true;
}

/*
 * Reads up to eight hexadecimal digits, and moves the text past them.
 */
static bool
take_lsn_half(const char **text, uint64_t *lsn)
{
	uint64_t	half = 0;
	int			digits = 0;

	for (; isxdigit((unsigned char) **text); (*text)++, digits++)
	{
		int			digit = tolower((unsigned char) **text);

		half = half << 4 | (uint64_t) (digit <= '9' ? digit - '0' : digit - 'a' + 10);
		if (digits == LSN_DIGITS)
			return false;
	}
	*lsn = *lsn << 32 | half;
	return digits > 0;
}

static bool
parse_lsn(RecoveryTarget *target, const char *text)
{
	uint64_t	lsn = 0;

	if (!take_lsn_half(&text, &lsn) || !take_character(&text, '/') ||
		!take_lsn_half(&text, &lsn) || *text != '\0' || lsn == 0)
		return false;
	target->lsn = lsn;
	snprintf(target->text, RECOVERY_TEXT_SIZE, "%" PRIX64 "/%" PRIX64, lsn >> 32,
			 lsn & UINT32_MAX);
	return true;
}

/*
 * Reads a decimal number that is not zero, without sign or leading zeros.
 */
static bool
parse_positive(const char *text, uint64_t most, uint64_t *number)
{
	*number = 0;
	if (*text == '0' || *text == '\0')
		return false;
	for (; *text != '\0'; text++)
	{
		uint64_t	digit = (uint64_t) (*text - '0');

		if (!isdigit((unsigned char) *text) || *number > (most - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return true;
}

/*
 * Takes a text over; false if it is empty, too long, or more than a line.
 */
static bool
copy_text(RecoveryTarget *target, const char *text)
{
	size_t		len = strlen(text);

	if (len == 0 || len >= RECOVERY_TEXT_SIZE || strchr(text, '\n') != NULL)
		return false;
	memcpy(target->text, text, len + 1);
	return true;
}

bool
recovery_target_parse(RecoveryTarget *target, RecoveryKind kind, const char *text)
{
	RecoveryTarget read = *target;
	uint64_t	xid;
	bool		good = true;

	read.kind = kind;
	read.text[0] = '\0';
	if (kind == RECOVERY_TIME)
		good = parse_time(&read, text);
	if (kind == RECOVERY_LSN)
		good = parse_lsn(&read, text);
	if (kind == RECOVERY_XID)
		good = parse_positive(text, UINT64_MAX, &xid) && copy_text(&read, text);
	if (kind == RECOVERY_NAME)
		good = copy_text(&read, text);
	if (good)
		*target = read;
	return good;
}

bool
recovery_timeline_parse(const char *text, uint32_t *timeline)
{
	uint64_t	number;

	if (!parse_positive(text, UINT32_MAX, &number))
		return false;
	*timeline = (uint32_t) number;
	return true;
}

bool
recovery_action_parse(const char *word, RecoveryAction *action)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
	{
		if (strcmp(word, actions[i]) == 0)
		{
			*action = (RecoveryAction) i;
			return true;
		}
	}
	return false;
}

const char *
recovery_action_name(RecoveryAction action)
{
	return actions[action];
}

bool
recovery_is_after(const RecoveryTarget *target, const RecoveryStart *start)
{
	if (target->kind == RECOVERY_TIME)
		return target->time_us >= start->finished_ms * 1000;
	return !recovery_is_before(target, start);
}

bool
recovery_is_before(const RecoveryTarget *target, const RecoveryStart *start)
{
	if (target->kind == RECOVERY_TIME)
		return target->time_us < start->started_ms * 1000;
	return target->kind == RECOVERY_LSN && target->lsn < start->stop_lsn;
}

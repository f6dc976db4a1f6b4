/*
 * Moments and the calendar.
 */
#include "common/civil_time.h"

#include <stddef.h>

/* The day number of 1 March of the year 0, where leap days end the year. */
#define MARCH_EPOCH (-719468)

static int64_t
floor_division(int64_t dividend, int64_t divisor)
{
	int64_t		quotient = dividend / divisor;

	return (dividend % divisor < 0) ? quotient - 1 : quotient;
}

static int64_t
clamp(int64_t value, int64_t low, int64_t high)
{
	if (value < low)
		return low;
	return (value > high) ? high : value;
}

/* The day number of 1 March. */
static int64_t
march_first(int64_t year)
{
	return MARCH_EPOCH + 365 * year + floor_division(year, 4) -
		floor_division(year, 100) + floor_division(year, 400);
}

int64_t
civil_day_number(int year, int month, int day)
{
	int64_t		march_year = (month <= 2) ? (int64_t) year - 1 : year;
	int			months = (month + 9) % 12;

	/* From March on, five months always have 153 days. */
	return march_first(march_year) + (153 * months + 2) / 5 + day - 1;
}

void
civil_date(int64_t day_number, int *year, int *month, int *day)
{
	int64_t		march_year;
	int			day_of_year;
	int			months;

	/* 400 years have 146,097 days; the quotient is at most one year off. */
	march_year = floor_division((day_number - MARCH_EPOCH) * 400, 146097);
	if (march_first(march_year) > day_number)
		march_year--;
	else if (march_first(march_year + 1) <= day_number)
		march_year++;

	day_of_year = (int) (day_number - march_first(march_year));
	months = (5 * day_of_year + 2) / 153;
	*day = day_of_year - (153 * months + 2) / 5 + 1;
	*month = (months + 2) % 12 + 1;
	*year = (int) march_year + (*month <= 2);
}

int
civil_weekday(int64_t day_number)
{
	/* 1970-01-01 was a Thursday. */
	return (int) (day_number + 4 - 7 * floor_division(day_number + 4, 7));
}

int
civil_month_length(int year, int month)
{
	if (month == 2)
		return (int) (march_first(year) - civil_day_number(year, 2, 1));
	return (month == 4 || month == 6 || month == 9 || month == 11) ? 30 : 31;
}

int64_t
civil_day_of(int64_t local)
{
	return floor_division(local, CIVIL_DAY_SECONDS);
}

int32_t
civil_offset(const Clock *clock, int64_t moment)
{
	int32_t		offset;

	if (clock->utc_offset == NULL)
		return 0;
	moment = clamp(moment, CIVIL_FIRST_MOMENT, CIVIL_LAST_MOMENT);
	offset = clock->utc_offset(clock->context, moment);
	return (int32_t) clamp(offset, -CLOCK_MAX_OFFSET, CLOCK_MAX_OFFSET);
}

int64_t
civil_local(const Clock *clock, int64_t moment)
{
	moment = clamp(moment, CIVIL_FIRST_MOMENT, CIVIL_LAST_MOMENT);
	return moment + civil_offset(clock, moment);
}

bool
civil_next_change(const Clock *clock, int64_t after, int64_t until,
				  int64_t *change)
{
	int32_t		offset = civil_offset(clock, after);

	if (civil_offset(clock, until) == offset)
		return false;
	while (until - after > 1)
	{
		int64_t		middle = after + (until - after) / 2;

		if (civil_offset(clock, middle) == offset)
			after = middle;
		else
			until = middle;
	}
	*change = until;
	return true;
}

void
civil_time(const Clock *clock, int64_t moment, CivilTime *shown)
{
	int64_t		local = civil_local(clock, moment);
	int64_t		day_number = civil_day_of(local);
	int			second = (int) (local - day_number * CIVIL_DAY_SECONDS);

	civil_date(day_number, &shown->year, &shown->month, &shown->day);
	shown->hour = second / 3600;
	shown->minute = second / 60 % 60;
	shown->second = second % 60;
}

CivilCount
civil_moments(const Clock *clock, int64_t local, int64_t *first,
			  int64_t *last)
{
	int64_t		before = local - CLOCK_MAX_OFFSET - 1;
	int64_t		behind = local + CLOCK_MAX_OFFSET + 1;
	int64_t		change;
	bool		shown_before;
	bool		shown_behind;

	/* With the offset of either side: what it would be without a change. */
	*first = local - civil_offset(clock, before);
	*last = local - civil_offset(clock, behind);
	if (*first == *last || !civil_next_change(clock, before, behind, &change))
		return CIVIL_ONCE;

	shown_before = *first < change;
	shown_behind = *last >= change;
	if (shown_before && shown_behind)
		return CIVIL_REPEATED;
	if (!shown_before && !shown_behind)
	{
		*first = *last = change;
		return CIVIL_SKIPPED;
	}
	*first = *last = shown_before ? *first : *last;
	return CIVIL_ONCE;
}

CivilCount
civil_moments_of(const Clock *clock, const CivilTime *shown, int64_t *first,
				 int64_t *last)
{
	int64_t		day_number = civil_day_number(shown->year, shown->month, shown->day);
	int64_t		second = shown->hour * 3600 + shown->minute * 60 + shown->second;
	int64_t		local = day_number * CIVIL_DAY_SECONDS + second;

	return civil_moments(clock, local, first, last);
}

/* The first moment of a day. */
static int64_t
day_begin(const Clock *clock, int64_t day_number)
{
	int64_t		first;
	int64_t		last;

	(void) civil_moments(clock, day_number * CIVIL_DAY_SECONDS, &first, &last);
	return first;
}

int64_t
civil_day_start(const Clock *clock, int64_t moment)
{
	return day_begin(clock, civil_day_of(civil_local(clock, moment)));
}

int64_t
civil_week_start(const Clock *clock, int64_t moment, int first_weekday)
{
	int64_t		day_number = civil_day_of(civil_local(clock, moment));
	int			passed = (civil_weekday(day_number) - first_weekday + 7) % 7;

	return day_begin(clock, day_number - passed);
}

int64_t
civil_month_start(const Clock *clock, int64_t moment)
{
	int64_t		day_number = civil_day_of(civil_local(clock, moment));
	int			year;
	int			month;
	int			day;

	civil_date(day_number, &year, &month, &day);
	return day_begin(clock, day_number - day + 1);
}

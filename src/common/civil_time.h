/*
 * Moments and the calendar: the proleptic Gregorian calendar and the time of
 * day in a time zone, with the hours that a clock change skips or repeats.
 *
 * A moment is seconds since 1970 in UTC.  Local seconds are what the clock on
 * the wall shows, counted as if it were UTC.  A day number counts days since
 * 1970-01-01.  Moments before the year 1 or after 9999 count as the first or
 * last moment of those years.
 */
#ifndef ERPGO_COMMON_CIVIL_TIME_H
#define ERPGO_COMMON_CIVIL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"

#define CIVIL_FIRST_MOMENT INT64_C(-62135596800)
#define CIVIL_LAST_MOMENT INT64_C(253402300799)
#define CIVIL_DAY_SECONDS INT64_C(86400)

typedef struct CivilTime
{
	int			year;
	int			month;			/* 1 to 12 */
	int			day;			/* 1 to 31 */
	int			hour;
	int			minute;
	int			second;
} CivilTime;

/* How often the clock on the wall shows a time. */
typedef enum CivilCount
{
	CIVIL_ONCE,
	CIVIL_SKIPPED,				/* never: the clock was put forward over it */
	CIVIL_REPEATED				/* twice: the clock was put back over it */
} CivilCount;

/* The day number of a date. */
extern int64_t civil_day_number(int year, int month, int day);

/* The date of a day number. */
extern void civil_date(int64_t day_number, int *year, int *month, int *day);

/* The day of the week of a day number: 0 is Sunday, 6 Saturday. */
extern int	civil_weekday(int64_t day_number);

/* How many days a month has. */
extern int	civil_month_length(int year, int month);

/* The day number of local seconds. */
extern int64_t civil_day_of(int64_t local);

/* The offset that a time zone has at a moment. */
extern int32_t civil_offset(const Clock *clock, int64_t moment);

/* The local seconds of a moment. */
extern int64_t civil_local(const Clock *clock, int64_t moment);

/*
 * Finds the first moment after "after" and not after "until" at which the
 * offset is another than at "after".  False if the offsets at both ends are
 * equal, so a caller that looks further than three days sees only the net
 * effect.
 */
extern bool civil_next_change(const Clock *clock, int64_t after,
							  int64_t until, int64_t *change);

/* What calendar and clock on the wall show at a moment. */
extern void civil_time(const Clock *clock, int64_t moment, CivilTime *shown);

/*
 * Finds when the clock on the wall shows local seconds: once at *first, or
 * twice at *first and *last.  A skipped time has for both the moment at which
 * the clock was put forward, the first one after the gap.
 */
extern CivilCount civil_moments(const Clock *clock, int64_t local,
								int64_t *first, int64_t *last);

/*
 * The reverse of civil_time, with the promises of civil_moments.  The fields
 * must be within their ranges.
 */
extern CivilCount civil_moments_of(const Clock *clock, const CivilTime *shown,
								   int64_t *first, int64_t *last);

/*
 * The first moment of the local day, week or month that contains a moment.
 * Where midnight is skipped it is the first moment after the gap, where it is
 * repeated the earlier one.  Weeks begin on the weekday given, numbered as in
 * civil_weekday.
 */
extern int64_t civil_day_start(const Clock *clock, int64_t moment);
extern int64_t civil_week_start(const Clock *clock, int64_t moment,
								int first_weekday);
extern int64_t civil_month_start(const Clock *clock, int64_t moment);

#endif

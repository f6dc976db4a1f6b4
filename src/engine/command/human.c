/*
 * Texts for people.
 */
#include "postgres_fe.h"

#include "command/command.h"
#include "command/human.h"

#define SECOND INT64CONST(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

char *
bytes_text(int64 bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
	double		value = bytes / 1024.0;
	int			unit = 0;

	if (bytes < 1024)
		return psprintf("%d B", (int) bytes);

	/* 1023.5 would be printed as 1024. */
	while (value >= 1023.5 && unit < (int) lengthof(units) - 1)
	{
		value /= 1024;
		unit++;
	}
	return psprintf(value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/*
 * Two units of time, the smaller one only if there is any of it.
 */
static char *
two_units(int64 large, const char *large_unit, int64 small,
		  const char *small_unit)
{
	if (small == 0)
		return psprintf(INT64_FORMAT " %s", large, large_unit);
	return psprintf(INT64_FORMAT " %s " INT64_FORMAT " %s", large, large_unit,
					small, small_unit);
}

char *
duration_text(int64 milliseconds)
{
	int64		time = Max(milliseconds, 0);

	if (time < SECOND)
		return psprintf(INT64_FORMAT " ms", time);
	if (time < MINUTE - 50)
		return psprintf("%.1f s", time / 1000.0);
	if (time < HOUR)
		return two_units(time / MINUTE, "min", time % MINUTE / SECOND, "s");
	if (time < DAY)
		return two_units(time / HOUR, "h", time % HOUR / MINUTE, "min");
	return two_units(time / DAY, "d", time % DAY / HOUR, "h");
}

char *
age_text(int64 milliseconds)
{
	if (milliseconds < SECOND)
		return pstrdup("just now");
	if (milliseconds < MINUTE)
		return psprintf(INT64_FORMAT " s ago", milliseconds / SECOND);
	if (milliseconds < HOUR)
		return psprintf(INT64_FORMAT " min ago", milliseconds / MINUTE);
	if (milliseconds < 2 * DAY)
		return psprintf(INT64_FORMAT " h ago", milliseconds / HOUR);
	return psprintf(INT64_FORMAT " d ago", milliseconds / DAY);
}

char *
printable_text(const char *anything)
{
	char	   *printable = pstrdup(anything == NULL ? "-" : anything);

	for (unsigned char *byte = (unsigned char *) printable; *byte != '\0'; byte++)
	{
		/* U+0080 to U+009F control terminals too. */
		bool		high_control = byte[0] == 0xC2 && byte[1] >= 0x80 &&
			byte[1] <= 0x9F;

		if (*byte < 0x20 || *byte == 0x7F || high_control)
			*byte = '?';
		if (high_control)
			*++byte = '?';
	}
	return printable;
}

char *
printable_member(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return printable_text(value == NULL ? "" : value);
}

int
display_width(const char *line)
{
	int			width = 0;

	/* Bytes that go on with a character of UTF-8 take no column. */
	for (; *line != '\0'; line++)
	{
		if ((*line & 0xC0) != 0x80)
			width++;
	}
	return width;
}

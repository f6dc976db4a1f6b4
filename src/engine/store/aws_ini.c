/*
 * The files in which the AWS tools keep profiles.
 */
#include "postgres_fe.h"

#include "store/aws_ini.h"

#define BLANK " \t\r"

/*
 * A part of a text without the blanks around it, allocated.
 */
static char *
trimmed(const char *start, const char *end)
{
	while (start < end && strchr(BLANK, *start) != NULL)
		start++;
	while (end > start && strchr(BLANK, end[-1]) != NULL)
		end--;
	return pnstrdup(start, end - start);
}

/*
 * Is a line "[section]"?  Blanks between the words of a name count as one.
 */
static bool
names_section(const char *line, const char *end, const char *section)
{
	const char *close = memchr(line, ']', end - line);

	if (close == NULL)
		return false;
	line++;
	line += strspn(line, BLANK);
	while (line < close && *section != '\0')
	{
		bool		blank = strchr(BLANK, *line) != NULL;

		if (blank ? *section != ' ' : *section != *line)
			return false;
		section++;
		line += blank ? strspn(line, BLANK) : 1;
	}
	line += strspn(line, BLANK);
	return line >= close && *section == '\0';
}

/*
 * The value, if a line is a setting of this key.
 */
static char *
setting_value(const char *line, const char *end, const char *key)
{
	const char *equals = memchr(line, '=', end - line);
	char	   *name;
	bool		same;

	if (equals == NULL || strchr(BLANK "#;", *line) != NULL)
		return NULL;
	name = trimmed(line, equals);
	same = pg_strcasecmp(name, key) == 0;
	pg_free(name);
	return same ? trimmed(equals + 1, end) : NULL;
}

char *
aws_ini_value(const char *content, const char *section, const char *key)
{
	bool		inside = false;

	while (*content != '\0')
	{
		const char *end = content + strcspn(content, "\n");
		char	   *value = NULL;

		if (*content == '[')
		{
			inside = names_section(content, end, section);
			if (inside && key == NULL)
				return pg_strdup(section);
		}
		else if (inside && key != NULL)
			value = setting_value(content, end, key);
		if (value != NULL)
			return value;
		content = *end == '\0' ? end : end + 1;
	}
	return NULL;
}

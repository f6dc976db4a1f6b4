/*
 * What the URLs of repositories are made of.
 */
#include "common/url_text.h"

#include <stdlib.h>
#include <string.h>

#define PARAMETERS_SIZE 1024

bool
copy_word(char *target, size_t size, const char *start, size_t length,
		  const char *characters)
{
	if (length == 0 || length >= size)
		return false;
	memcpy(target, start, length);
	target[length] = '\0';
	return strspn(target, characters) == length;
}

bool
read_number(const char *value, int least, int most, int *number)
{
	if (value[0] == '\0' || strlen(value) > 6 ||
		value[strspn(value, DIGITS)] != '\0')
		return false;
	*number = atoi(value);
	return *number >= least && *number <= most;
}

/*
 * Takes "name=value", which may be cut to pieces.
 */
static bool
take_parameter(const UrlParameter *known, size_t count, void *target,
			   char *text, const char **problem)
{
	char	   *equals = strchr(text, '=');

	if (equals == NULL)
		return false;
	*equals = '\0';
	for (size_t i = 0; i < count; i++)
	{
		if (strcmp(known[i].name, text) != 0)
			continue;
		*problem = known[i].problem;
		return known[i].take(target, equals + 1);
	}
	return false;
}

bool
url_parameters_take(const UrlParameter *known, size_t count, void *target,
					const char *text, const char *unknown,
					const char **problem)
{
	char		copy[PARAMETERS_SIZE];
	char	   *rest = copy;

	*problem = "The parameters of the URL are too long.";
	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	for (char *parameter; (parameter = strsep(&rest, "&")) != NULL;)
	{
		*problem = unknown;
		if (!take_parameter(known, count, target, parameter, problem))
			return false;
	}
	return true;
}

/*
 * Does the text have a byte that is not printed, as a line feed?
 */
static bool
has_control_character(const char *text)
{
	for (; *text != '\0'; text++)
	{
		if ((unsigned char) *text < ' ' || *text == '\x7F')
			return true;
	}
	return false;
}

/*
 * Is this one of the components that stand for another folder, or nothing?
 */
static bool
component_is_special(const char *component, size_t length)
{
	return length == 0 ||
		(length == 1 && component[0] == '.') ||
		(length == 2 && component[0] == '.' && component[1] == '.');
}

/*
 * Does an absolute path consist of components that name something?
 */
static bool
components_are_plain(const char *path)
{
	if (*path != '/')
		return false;
	while (*path == '/')
	{
		size_t		length = strcspn(path + 1, "/");

		if (component_is_special(path + 1, length))
			return false;
		path += 1 + length;
	}
	return true;
}

bool
path_is_plain(const char *path, const char **problem)
{
	if (has_control_character(path))
		*problem = "The path of a repository must not contain control characters.";
	else if (!components_are_plain(path))
		*problem = "The path of a repository must be absolute, without \".\", \"..\", "
			"a double slash or a slash at its end.";
	else
		return true;
	return false;
}

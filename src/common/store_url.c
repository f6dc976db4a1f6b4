/*
 * Where a repository is: a URL without secrets.
 *
 * A path is taken byte for byte, without the escapes that URLs of other kinds
 * have, so that it is the path which the shell shows.
 */
#include "common/store_url.h"

#include <string.h>

#include "common/s3_url.h"

#define FILE_SCHEME "file://"
#define FILE_SCHEME_LENGTH (sizeof(FILE_SCHEME) - 1)

/*
 * The path of a URL that is a bare path or begins with "file://", checked
 * for nothing but its first slash; NULL if it is neither.
 */
static const char *
path_start(const char *url)
{
	if (strncmp(url, FILE_SCHEME, FILE_SCHEME_LENGTH) == 0)
		url += FILE_SCHEME_LENGTH;
	return url[0] == '/' ? url : NULL;
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
	while (*path == '/')
	{
		size_t		length = strcspn(path + 1, "/");

		if (component_is_special(path + 1, length))
			return false;
		path += 1 + length;
	}
	return true;
}

/*
 * Checks a URL of a directory.
 */
static bool
check_path(const char *url, const char **problem)
{
	const char *path = path_start(url);

	if (path == NULL)
		*problem = "A repository is given as \"file:///absolute/path\" or \"s3://bucket/prefix\".";
	else if (has_control_character(path))
		*problem = "The path of a repository must not contain control characters.";
	else if (!components_are_plain(path))
		*problem = "The path of a repository must be absolute, without \".\", \"..\", "
			"a double slash or a slash at its end.";
	else
		return true;
	return false;
}

bool
store_url_check(const char *url, const char **problem)
{
	S3Url		parsed;

	if (s3_url_is_meant(url))
		return s3_url_parse(url, &parsed, problem);
	return check_path(url, problem);
}

const char *
store_url_path(const char *url)
{
	const char *problem;

	return check_path(url, &problem) ? path_start(url) : NULL;
}

/*
 * What the URLs of repositories are made of: words, numbers, parameters, paths.
 */
#ifndef ERPGO_COMMON_URL_TEXT_H
#define ERPGO_COMMON_URL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* A parameter that a kind of URL has. */
typedef struct UrlParameter
{
	const char *name;

	/* Takes the value into the target; false if it makes no sense. */
	bool		(*take) (void *target, const char *value);
	const char *problem;		/* then, what would be valid */
} UrlParameter;

/*
 * Copies so many bytes if they fit and consist of some characters only, not
 * being none.
 */
extern bool copy_word(char *target, size_t size, const char *start,
					  size_t length, const char *characters);

/* Reads a number within limits; false if it is none. */
extern bool read_number(const char *value, int least, int most, int *number);

/*
 * Takes "name=value&…", each name one of those; unknown is the sentence that
 * names them all.  On false, *problem says what would be valid.
 */
extern bool url_parameters_take(const UrlParameter *known, size_t count,
								void *target, const char *text,
								const char *unknown, const char **problem);

/*
 * Is this an absolute path that consists of components which name something,
 * without control characters?  On false, *problem says what would be valid.
 */
extern bool path_is_plain(const char *path, const char **problem);

#endif

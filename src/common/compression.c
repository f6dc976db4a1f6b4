/*
 * How an object is compressed: the specification as users write it.
 */
#include "common/compression.h"

#include <stdio.h>
#include <string.h>

/* What there is to know about a method. */
typedef struct MethodTraits
{
	const char *name;
	const char *suffix;
	int			lowest_level;
	int			highest_level;
	int			default_level;
	const char *level_problem;
} MethodTraits;

static const MethodTraits methods[] = {
	[COMPRESSION_NONE] = {"none", "", 0, -1, 0,
	"The method \"none\" takes no level."},
	[COMPRESSION_GZIP] = {"gzip", ".gz", 1, 12, 4,
	"The level of gzip must be a number from 1 to 12."},
	[COMPRESSION_LZ4] = {"lz4", ".lz4", 0, 12, 0,
	"The level of lz4 must be a number from 0 to 12."},
	[COMPRESSION_ZSTD] = {"zstd", ".zst", 1, 19, 1,
	"The level of zstd must be a number from 1 to 19."},
};

#define METHOD_COUNT ((int) (sizeof(methods) / sizeof(methods[0])))

/*
 * Finds the method that the first length bytes of a text name; returns -1 if
 * there is none.
 */
static int
method_find(const char *text, size_t length)
{
	for (int i = 0; i < METHOD_COUNT; i++)
	{
		if (strlen(methods[i].name) == length &&
			memcmp(methods[i].name, text, length) == 0)
			return i;
	}
	return -1;
}

/*
 * Reads a level of one or two decimal digits, without sign or leading zero;
 * returns -1 if the text is anything else.
 */
static int
level_parse(const char *text)
{
	size_t		length = strlen(text);

	if (length < 1 || length > 2 || strspn(text, "0123456789") != length)
		return -1;
	if (length == 1)
		return text[0] - '0';
	if (text[0] == '0')
		return -1;
	return (text[0] - '0') * 10 + (text[1] - '0');
}

bool
compression_parse(const char *text, Compression *compression,
				  const char **problem)
{
	size_t		name_length = strcspn(text, ":");
	int			method = method_find(text, name_length);
	int			level;

	if (method < 0)
	{
		*problem = "A compression is \"none\", \"lz4\", \"gzip\" or \"zstd\", "
			"the last three with a level if wanted, as in \"zstd:3\".";
		return false;
	}

	level = methods[method].default_level;
	if (text[name_length] == ':')
	{
		level = level_parse(text + name_length + 1);
		if (level < methods[method].lowest_level ||
			level > methods[method].highest_level)
		{
			*problem = methods[method].level_problem;
			return false;
		}
	}

	compression->method = (CompressionMethod) method;
	compression->level = level;
	return true;
}

void
compression_format(const Compression *compression, char text[COMPRESSION_SIZE])
{
	const char *name = methods[compression->method].name;

	if (compression->method == COMPRESSION_NONE)
		snprintf(text, COMPRESSION_SIZE, "%s", name);
	else
		snprintf(text, COMPRESSION_SIZE, "%s:%d", name, compression->level);
}

const char *
compression_suffix(CompressionMethod method)
{
	return methods[method].suffix;
}

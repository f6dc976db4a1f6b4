/*
 * How thoroughly a backup is verified: the words for it.
 */
#include "common/verify_depth.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	[VERIFY_DIGEST] = "digest",
	[VERIFY_ARCHIVE] = "archive",
	[VERIFY_FULL] = "full",
	[VERIFY_RESTORE] = "restore",
};

bool
verify_depth_parse(const char *word, VerifyDepth *depth)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (strcmp(word, names[i]) == 0)
		{
			*depth = (VerifyDepth) i;
			return true;
		}
	}
	return false;
}

const char *
verify_depth_name(VerifyDepth depth)
{
	return names[depth];
}

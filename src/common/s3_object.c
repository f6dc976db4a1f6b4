/*
 * What becomes of objects of a repository in a bucket.
 */
#include "common/s3_object.h"

#include <string.h>

#define MIB (INT64_C(1024) * 1024)

/* Parts have ten sizes, each twice the one before, up to the largest. */
#define PART_SIZES 10
#define LARGEST_PART (1024 * MIB)

int64_t
s3_url_whole_size(const S3Url *url)
{
	return 2 * url->part_size + MIB;
}

int64_t
s3_url_part_size(const S3Url *url, int part_count)
{
	int64_t		size = url->part_size;

	if (part_count == 0)
		return s3_url_whole_size(url);
	for (int count = part_count; count >= url->max_parts / PART_SIZES && size < LARGEST_PART;
		 count -= url->max_parts / PART_SIZES)
		size *= 2;
	return size < LARGEST_PART ? size : LARGEST_PART;
}

int
s3_url_parallel(const S3Url *url, int64_t part_size)
{
	int64_t		count = url->parallel * url->part_size / part_size;

	/* With two, one is on its way while the other one is filled. */
	if (count < 2)
		count = 2;
	return count < url->parallel ? (int) count : url->parallel;
}

/*
 * Does a name end in a text?
 */
static bool
ends_in(const char *name, const char *end)
{
	size_t		length = strlen(name);

	return length >= strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

/*
 * What follows the folder of the cluster.
 */
static const char *
name_in_cluster(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash == NULL ? "" : slash + 1;
}

bool
s3_object_has_class(const char *name)
{
	return strncmp(name_in_cluster(name), "backup/", strlen("backup/")) == 0 &&
		!ends_in(name, ".json");
}

bool
s3_object_is_locked(const char *name)
{
	static const char *const folders[] = {"backup/", "wal/", "key/", "cluster.json"};
	const char *rest = name_in_cluster(name);

	if (ends_in(name, "/writer.json") || ends_in(name, "-deleting.json"))
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
	{
		if (strncmp(rest, folders[i], strlen(folders[i])) == 0)
			return true;
	}
	return false;
}

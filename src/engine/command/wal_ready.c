/*
 * Which segments a server has ready to be archived.
 */
#include "postgres_fe.h"

#include <dirent.h>

#include "command/wal_ready.h"

#define READY_SUFFIX ".ready"

/*
 * Reads the name of a status file; false unless it is that of a segment that
 * is ready.
 */
static bool
parse_status(const char *entry, WalName *name)
{
	char		file[WAL_NAME_SIZE];
	size_t		length = strlen(entry);
	size_t		suffix = strlen(READY_SUFFIX);

	if (length <= suffix || length - suffix >= sizeof(file) ||
		strcmp(entry + length - suffix, READY_SUFFIX) != 0)
		return false;
	strlcpy(file, entry, length - suffix + 1);
	return wal_name_parse(file, name) && name->kind == WAL_SEGMENT;
}

/*
 * Puts a segment in its place among the first ones; the number of these.
 */
static int
insert_segment(WalName *segments, int count, int limit, const WalName *name)
{
	int			place = count;

	while (place > 0 && wal_segment_compare(name, &segments[place - 1]) < 0)
		place--;
	if (place == limit)
		return count;
	count = Min(count + 1, limit);
	memmove(&segments[place + 1], &segments[place],
			(count - 1 - place) * sizeof(WalName));
	segments[place] = *name;
	return count;
}

int
wal_ready_segments(const char *data_directory, WalName *segments, int limit)
{
	char	   *path = psprintf("%s/" WAL_STATUS_FOLDER, data_directory);
	DIR		   *directory = opendir(path);
	struct dirent *entry;
	int			count = 0;

	pg_free(path);
	if (directory == NULL)
		return 0;
	while ((entry = readdir(directory)) != NULL)
	{
		WalName		name;

		if (parse_status(entry->d_name, &name))
			count = insert_segment(segments, count, limit, &name);
	}
	closedir(directory);
	return count;
}

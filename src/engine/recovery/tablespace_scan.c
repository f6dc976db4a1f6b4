/*
 * Where replay will make tablespaces, as pg_waldump shows it.
 *
 * A few segments at a time are taken out of the archive.  The last of them is
 * the first of the next ones, for a record may go on in the segment that
 * follows.
 */
#include "postgres_fe.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "lib/stringinfo.h"
#include "process.h"
#include "recovery/tablespace_scan.h"
#include "repository/wal_tail.h"

/* So many bytes of segments are taken at a time, but two segments at least. */
#define BATCH_BYTES (INT64CONST(128) * 1024 * 1024)

/* What a line of pg_waldump has before the identifier and the path. */
#define CREATION "desc: CREATE "
/* What it has before the position. */
#define POSITION "lsn: "
/* The end of the last segment is no error. */
#define CUT_RECORD "error in WAL record at"

/* The file of the folder that holds the paths, each ended by a zero. */
#define PLACES_NAME "places"

#define OUTPUT_LIMIT (16 * 1024 * 1024)

/* What there is at the path of a tablespace. */
typedef enum Place
{
	PLACE_MISSING,
	PLACE_EMPTY,
	PLACE_TAKEN					/* or it cannot be looked at */
} Place;

/*
 * Looks at what replay would write to.
 */
static Place
look_at(const char *path)
{
	DIR		   *folder = opendir(path);
	struct dirent *entry;
	Place		place = PLACE_EMPTY;

	if (folder == NULL)
		return errno == ENOENT ? PLACE_MISSING : PLACE_TAKEN;
	while (place == PLACE_EMPTY && (entry = readdir(folder)) != NULL)
	{
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			place = PLACE_TAKEN;
	}
	closedir(folder);
	return place;
}

/*
 * Fails if replay would write to what is there already.  A server in recovery
 * does not make the directory, but stops.
 */
static void
check_location(const char *location, const char *lsn, int lsn_len)
{
	Place		place = look_at(location);

	if (place == PLACE_TAKEN)
		fail(FAILURE_STATE,
			 "Restore on a machine that has nothing there, begin at a backup that was made after it was created, or choose a target before that with --to-lsn.",
			 "the recovery would write to \"%s\", where something is: a tablespace was created there at LSN %.*s, after the backup",
			 location, lsn_len, lsn);
	if (place == PLACE_MISSING)
		notice("warning",
			   "Create it, empty and owned by the server's user, before you start the server.",
			   "the recovery will stop at LSN %.*s, where a tablespace was created, as long as directory \"%s\" does not exist",
			   lsn_len, lsn, location);
}

/*
 * Notes a path for a later look.
 */
static void
note_place(const TablespaceScan *scan, const char *location)
{
	char	   *path = psprintf("%s/" PLACES_NAME, scan->folder);
	FILE	   *file = fopen(path, "a");

	if (file == NULL || fwrite(location, strlen(location) + 1, 1, file) != 1 ||
		fclose(file) != 0)
		fail_errno("could not write file \"%s\"", path);
	pfree(path);
}

/*
 * Looks at the place of a tablespace that a line tells of.
 */
static void
check_line(const TablespaceScan *scan, const char *line)
{
	const char *creation = strstr(line, CREATION);
	const char *position = strstr(line, POSITION);
	const char *path = creation == NULL ? NULL : strchr(creation, '"');
	const char *end = path == NULL ? NULL : strrchr(path, '"');
	char	   *location;

	if (creation == NULL)
		return;
	if (position == NULL || end == NULL || end == path)
		fail(FAILURE_PROGRAM, NULL, "cannot read what pg_waldump says of a tablespace: %s", line);
	location = pnstrdup(path + 1, end - path - 1);
	position += strlen(POSITION);
	check_location(location, position, (int) strcspn(position, ","));
	note_place(scan, location);
	pfree(location);
}

/*
 * Checks all lines of what pg_waldump wrote.
 */
static void
check_lines(const TablespaceScan *scan, char *output)
{
	char	   *rest = output;
	char	   *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		check_line(scan, line);
}

/*
 * Reads what a program writes, with a terminating zero; allocated.
 */
static char *
read_output(Program *program)
{
	StringInfoData output;
	char		buffer[8192];
	size_t		got;

	initStringInfo(&output);
	do
	{
		got = program_read(program, buffer, sizeof(buffer));
		if (output.len + got > OUTPUT_LIMIT)
			fail(FAILURE_PROGRAM, NULL, "pg_waldump shows more than %d bytes about tablespaces",
				 OUTPUT_LIMIT);
		appendBinaryStringInfo(&output, buffer, (int) got);
	} while (got == sizeof(buffer));
	return output.data;
}

/*
 * Looks into the segments from one to another that are in the folder.
 */
static void
scan_batch(const TablespaceScan *scan, const char *first, const char *last)
{
	const char *argv[] = {
		scan->pg_waldump, "--rmgr=Tablespace", "--path", scan->folder, first, last, NULL
	};
	Program    *program = program_start(argv, NULL, PROGRAM_OUT);
	char	   *output = read_output(program);
	int			status = program_wait(program);

	if (status != 0 && (!WIFEXITED(status) || strstr(program->err_text, CUT_RECORD) == NULL))
		fail(FAILURE_PROGRAM, NULL, "could not look for tablespaces in segments \"%s\" to \"%s\": pg_waldump %s: %s",
			 first, last, wait_status_text(status), program->err_text);
	program_kill(program);
	check_lines(scan, output);
	pfree(output);
}

/*
 * The path of a segment in the folder; allocated.
 */
static char *
segment_path(const TablespaceScan *scan, const char *segment)
{
	return psprintf("%s/%s", scan->folder, segment);
}

/*
 * Takes a segment out of the archive: the last one may be there in pieces.
 */
static void
take_segment(const TablespaceScan *scan, WalArchive *archive, const char *segment)
{
	char	   *path = segment_path(scan, segment);
	WalName		name;
	Digest		content;

	if (!wal_archive_get(archive, segment, path, &content) &&
		!(wal_name_parse(segment, &name) && wal_tail_get(archive, &name, path)))
		fail(FAILURE_DAMAGED, NULL, "segment \"%s\" vanished from the archive", segment);
	pfree(path);
}

/*
 * Removes the segments from one to before another.
 */
static void
drop_segments(const TablespaceScan *scan, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		char	   *path = segment_path(scan, scan->plan->segments[i]);

		(void) unlink(path);
		pfree(path);
	}
}

/*
 * The last segment of a batch that begins with one: on the same timeline.
 */
static int
batch_end(const TablespaceScan *scan, int first)
{
	const RecoveryPlan *plan = scan->plan;
	int			limit = Max(2, (int) (BATCH_BYTES / scan->segment_bytes));
	int			last = first;

	while (last + 1 < plan->segment_count && last + 1 < first + limit &&
		   strncmp(plan->segments[last + 1], plan->segments[first], 8) == 0)
		last++;
	return last;
}

void
tablespace_scan(const TablespaceScan *scan)
{
	const RecoveryPlan *plan = scan->plan;
	WalArchive *archive = wal_archive_open(scan->repository);
	int			taken = 0;

	for (int first = 0, last; first < plan->segment_count; first = Max(last, first + 1))
	{
		last = batch_end(scan, first);
		for (; taken <= last; taken++)
			take_segment(scan, archive, plan->segments[taken]);
		scan_batch(scan, plan->segments[first], plan->segments[last]);
		drop_segments(scan, first, Max(last, first + 1));
		if (last == plan->segment_count - 1)
			break;
	}
}

void
tablespace_check_places(const TablespaceScan *scan)
{
	char	   *path = psprintf("%s/" PLACES_NAME, scan->folder);
	FILE	   *file = fopen(path, "r");
	char	   *location = NULL;
	size_t		room = 0;

	if (file == NULL && errno != ENOENT)
		fail_errno("could not open file \"%s\"", path);
	while (file != NULL && getdelim(&location, &room, '\0', file) > 0)
	{
		if (look_at(location) != PLACE_EMPTY)
			fail(FAILURE_STATE,
				 "Make it an empty directory that the server's user owns, on a machine where the original has nothing there; then start the server yourself.",
				 "the server is not started: the recovery would make a tablespace at \"%s\", which is no empty directory",
				 location);
	}
	if (file != NULL)
		fclose(file);
	free(location);
	pfree(path);
}

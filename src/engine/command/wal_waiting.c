/*
 * Segments that a server cannot archive, as one of its repositories is away.
 *
 * A segment counts as archived when all required repositories have it.  While
 * one is away it stays with the server; but if the server is lost meanwhile,
 * the others are to have it.
 */
#include "postgres_fe.h"

#include "command/wal_ready.h"
#include "command/wal_waiting.h"
#include "repository/wal_note.h"

/* So many are looked at: 64 GB of WAL, unless segments have another size. */
#define LOOKED_AT 4096

/* So many are stored by one call. */
#define SHIPPED_AT_A_TIME 64

/* What an archive has of a timeline. */
typedef struct Archived
{
	uint32		timeline;
	WalName    *segments;
	int			count;
} Archived;

/*
 * Is a segment among them?
 */
static bool
has_segment(const Archived *archived, const WalName *segment)
{
	for (int i = 0; i < archived->count; i++)
	{
		if (wal_segment_compare(&archived->segments[i], segment) == 0)
			return true;
	}
	return false;
}

/*
 * Makes sure that what is known is of this timeline.
 */
static void
look(Archived *archived, WalArchive *archive, uint32 timeline)
{
	if (archived->segments != NULL && archived->timeline == timeline)
		return;
	pg_free(archived->segments);
	archived->timeline = timeline;
	archived->segments = wal_archive_segments(archive, timeline, &archived->count);
}

/*
 * Stores a segment.
 */
static void
ship(WalArchive *archive, const char *data_directory, const WalSource *source,
	 const WalName *segment)
{
	char		file[WAL_SEGMENT_SIZE];
	WalSource	push = *source;
	char	   *path;

	wal_segment_format(segment, file);
	path = psprintf("%s/" WAL_FOLDER "/%s", data_directory, file);
	push.file = file;
	push.path = path;
	(void) wal_archive_push(archive, &push);
	pg_free(path);
}

void
wal_waiting_ship(WalArchive *archive, const char *data_directory, const WalSource *source)
{
	WalName    *waiting = pg_malloc(LOOKED_AT * sizeof(WalName));
	int			count = wal_ready_segments(data_directory, waiting, LOOKED_AT);
	Archived	archived = {0};
	const WalName *last = NULL;
	int			shipped = 0;

	for (int i = 0; i < count && shipped < SHIPPED_AT_A_TIME; i++)
	{
		look(&archived, archive, waiting[i].timeline);
		if (has_segment(&archived, &waiting[i]))
			continue;
		ship(archive, data_directory, source, &waiting[i]);
		last = &waiting[i];
		shipped++;
	}
	if (last != NULL)
		wal_note_write(archive, last, source->encrypted);
	pg_free(archived.segments);
	pg_free(waiting);
}

/*
 * Pieces of the segment that a server is writing.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/wal_tail.h"
#include "failure.h"
#include "repository/wal_segment.h"
#include "repository/wal_tail.h"
#include "stream/filters.h"

/* Pieces that there are, of one segment or of all. */
typedef struct Pieces
{
	StoreListing listing;
	WalName    *names;
	const char **objects;		/* the listing has them */
	int			count;
} Pieces;

/* A segment that is being joined. */
typedef struct Join
{
	WalArchive *archive;
	const char *path;
	int			fd;
	uint32		reach;
} Join;

/*
 * Lists the pieces of a timeline, or of the one segment whose name is given.
 */
static Pieces
list_pieces(WalArchive *archive, uint32 timeline, const char *segment)
{
	char	   *prefix = psprintf("%swal/%08X/tail/%s", archive->repository->prefix,
								  timeline, segment);
	Pieces		pieces = {.listing = store_list(archive->repository->store, prefix)};

	pieces.names = pg_malloc0((pieces.listing.count + 1) * sizeof(WalName));
	pieces.objects = pg_malloc0((pieces.listing.count + 1) * sizeof(char *));
	for (int i = 0; i < pieces.listing.count; i++)
	{
		const char *name = pieces.listing.objects[i].name;
		WalObject	object;

		if (!wal_object_parse(strrchr(name, '/') + 1, &object) ||
			object.name.kind != WAL_TAIL || object.name.timeline != timeline)
			continue;
		pieces.names[pieces.count] = object.name;
		pieces.objects[pieces.count++] = name;
	}
	pg_free(prefix);
	return pieces;
}

/*
 * The same, of a segment.
 */
static Pieces
list_of_segment(WalArchive *archive, const WalName *segment)
{
	char		file[WAL_SEGMENT_SIZE];

	wal_segment_format(segment, file);
	return list_pieces(archive, segment->timeline, file);
}

static void
free_pieces(Pieces *pieces)
{
	store_listing_free(&pieces->listing);
	pg_free(pieces->names);
	pg_free(pieces->objects);
}

uint32
wal_tail_ship(WalArchive *archive, const WalTailSource *source)
{
	Pieces		pieces = list_of_segment(archive, &source->segment);
	WalName		piece = source->segment;
	char		file[WAL_NAME_SIZE];
	WalSource	push = {
		.file = file, .path = source->path, .compression = source->compression,
		.encrypted = source->encrypted
	};
	bool		is_new = source->flushed > wal_tail_reach(pieces.names, pieces.count);

	piece.kind = WAL_TAIL;
	piece.from = wal_tail_begin(pieces.names, pieces.count);
	piece.to = source->flushed;
	free_pieces(&pieces);
	if (!is_new)
		return 0;
	wal_tail_format(&piece, file);
	wal_archive_push(archive, &push);
	return piece.to - piece.from;
}

/*
 * Is the segment of a piece in the archive?
 */
static bool
is_archived(WalArchive *archive, const WalName *piece)
{
	char		segment[WAL_SEGMENT_SIZE];
	int			count;

	wal_segment_format(piece, segment);
	pg_free(wal_archive_find(archive, segment, &count));
	return count > 0;
}

/*
 * The number of pieces from one on that are of the same segment.
 */
static int
count_of_segment(const Pieces *pieces, int first)
{
	int			last = first;

	while (last < pieces->count &&
		   wal_segment_compare(&pieces->names[last], &pieces->names[first]) == 0)
		last++;
	return last - first;
}

void
wal_tail_tidy(WalArchive *archive, uint32 timeline)
{
	Pieces		pieces = list_pieces(archive, timeline, "");
	char	  **needless = pg_malloc((pieces.count + 1) * sizeof(char *));
	int			needless_count = 0;
	int			count;

	for (int first = 0; first < pieces.count; first += count)
	{
		const WalName *names = &pieces.names[first];
		bool		archived = is_archived(archive, names);

		count = count_of_segment(&pieces, first);
		for (int i = 0; i < count; i++)
		{
			if (archived || wal_tail_is_covered(names, count, i))
				needless[needless_count++] = unconstify(char *, pieces.objects[first + i]);
		}
	}
	store_tidy(archive->repository->store, needless, needless_count);
	pg_free(needless);
	free_pieces(&pieces);
}

uint32
wal_tail_end(WalArchive *archive, const WalName *segment)
{
	Pieces		pieces = list_of_segment(archive, segment);
	uint32		reach = wal_tail_reach(pieces.names, pieces.count);

	free_pieces(&pieces);
	return reach;
}

/*
 * Takes a piece out of the archive and joins it on.
 */
static void
join_piece(Join *join, const WalName *piece)
{
	char		file[WAL_NAME_SIZE];
	Digest		content;

	wal_tail_format(piece, file);
	if (lseek(join->fd, piece->from, SEEK_SET) < 0)
		fail_errno("could not seek in file \"%s\"", join->path);
	if (!wal_archive_read(join->archive, file, fd_sink(join->fd, join->path, NULL), &content))
		fail(FAILURE_STATE, "Its segment may have been archived meanwhile. Try again.",
			 "file \"%s\" vanished from the archive", file);
	if (content.size != piece->to - piece->from)
		fail(FAILURE_DAMAGED, NULL, "file \"%s\" in the archive has " INT64_FORMAT " bytes",
			 file, content.size);
	join->reach = piece->to;
}

/*
 * Fills the segment up with zeros, at which a server sees its end.
 */
static void
pad(const Join *join, const WalName *segment)
{
	char		header[WAL_SEGMENT_HEADER_SIZE] = {0};
	uint32		size;

	if (pread(join->fd, header, sizeof(header), 0) < 0)
		fail_errno("could not read file \"%s\"", join->path);
	size = wal_segment_size(header, join->reach, join->path);
	wal_segment_check(header, size, segment,
					  join->archive->repository->system_identifier, join->path);
	if (ftruncate(join->fd, size) != 0)
		fail_errno("could not extend file \"%s\"", join->path);
}

/*
 * Joins the pieces of a segment, of which there is at least one.
 */
static void
join_pieces(WalArchive *archive, const Pieces *pieces, const char *path)
{
	Join		join = {.archive = archive, .path = path};
	int			next;

	(void) unlink(path);
	join.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				   S_IRUSR | S_IWUSR);
	if (join.fd < 0)
		fail_errno("could not create file \"%s\"", path);
	while ((next = wal_tail_next(pieces->names, pieces->count, join.reach)) >= 0)
		join_piece(&join, &pieces->names[next]);
	pad(&join, &pieces->names[0]);
	if (close(join.fd) != 0)
		fail_errno("could not write file \"%s\"", path);
}

bool
wal_tail_get(WalArchive *archive, const WalName *segment, const char *path)
{
	Pieces		pieces = list_of_segment(archive, segment);
	bool		found = pieces.count > 0;

	if (found && wal_tail_has_gap(pieces.names, pieces.count))
		fail(FAILURE_DAMAGED, "Take the object from another copy of the repository.",
			 "a piece of the unfinished segment is missing before object \"%s\"",
			 pieces.objects[pieces.count - 1]);
	if (found)
		join_pieces(archive, &pieces, path);
	free_pieces(&pieces);
	return found;
}

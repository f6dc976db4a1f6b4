/*
 * Notes of how far the WAL archive went (docs/REPOSITORY_FORMAT.md,
 * section 12).  They lie beside the archive, so that what removes segments
 * does not take them along, and there is one for each timeline as a rule.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "repository/wal_note.h"

/* Enough for a note's name and its terminating zero. */
#define NOTE_NAME_SIZE (WAL_SEGMENT_SIZE + WAL_PROOF_SIZE + WAL_KEY_SIZE)

/* What a note's name says. */
typedef struct WalNote
{
	WalName		segment;
	char		proof[WAL_PROOF_SIZE];
	char		cluster_key[WAL_KEY_SIZE];	/* "" if it is not encrypted */
} WalNote;

/*
 * The folder of a timeline's notes; allocated.
 */
static char *
note_folder(const WalArchive *archive, uint32 timeline)
{
	return psprintf("%sarchived/%08X/", archive->repository->prefix, timeline);
}

/*
 * The proof that a note of a segment is genuine.
 */
static void
prove(const WalArchive *archive, const WalKey *key, const char *segment,
	  char proof[WAL_PROOF_SIZE])
{
	char		sha256[SHA256_HEX_SIZE];

	sha256_hex(segment, strlen(segment), sha256);
	wal_proof(archive, key, segment, "archived", sha256, proof);
}

/*
 * Reads the last component of a name; false unless it is that of a note.
 */
static bool
parse_note(const char *name, WalNote *note)
{
	char		copy[NOTE_NAME_SIZE];
	char	   *rest = copy;
	const char *segment;
	const char *proof;
	const char *key;

	if (strlcpy(copy, strrchr(name, '/') + 1, sizeof(copy)) >= sizeof(copy))
		return false;
	segment = strsep(&rest, "-");
	proof = strsep(&rest, "-");
	key = rest == NULL ? "" : rest;
	if (!wal_name_parse(segment, &note->segment) || note->segment.kind != WAL_SEGMENT ||
		proof == NULL || !hex_is_valid(proof, WAL_PROOF_SIZE - 1) ||
		(rest != NULL && !hex_is_valid(key, WAL_KEY_SIZE - 1)))
		return false;
	strlcpy(note->proof, proof, sizeof(note->proof));
	strlcpy(note->cluster_key, key, sizeof(note->cluster_key));
	return true;
}

/*
 * Is a later segment than this one noted?  Removes the notes of earlier ones
 * if they are to go.
 */
static bool
look_at_others(WalArchive *archive, const WalName *segment, bool remove)
{
	char	   *folder = note_folder(archive, segment->timeline);
	StoreListing listing = store_list(archive->repository->store, folder);
	char	  **earlier = pg_malloc((listing.count + 1) * sizeof(char *));
	int			count = 0;
	bool		is_covered = false;

	for (int i = 0; i < listing.count; i++)
	{
		WalNote		note;
		int			order;

		if (!parse_note(listing.objects[i].name, &note))
			continue;
		order = wal_segment_compare(&note.segment, segment);
		is_covered = is_covered || order >= 0;
		if (order < 0)
			earlier[count++] = listing.objects[i].name;
	}
	/* They mean nothing beside a later one, and stay where nothing can be removed. */
	if (remove)
		store_tidy(archive->repository->store, earlier, count);
	pg_free(earlier);
	store_listing_free(&listing);
	pg_free(folder);
	return is_covered;
}

void
wal_note_write(WalArchive *archive, const WalName *segment, bool encrypted)
{
	const WalKey *key = encrypted ? wal_key_current(archive) : wal_key_open(archive, "", NULL);
	char		file[WAL_SEGMENT_SIZE];
	char		proof[WAL_PROOF_SIZE];
	char	   *folder;
	char	   *name;

	if (look_at_others(archive, segment, false))
		return;
	wal_segment_format(segment, file);
	prove(archive, key, file, proof);
	folder = note_folder(archive, segment->timeline);
	name = psprintf("%s%s-%s%s%s", folder, file, proof, key->id[0] == '\0' ? "" : "-", key->id);
	store_put_text(archive->repository->store, name, file, PUT_NEW);
	(void) look_at_others(archive, segment, true);
	pg_free(name);
	pg_free(folder);
}

/*
 * Fails unless a note is genuine.
 */
static void
require_genuine(WalArchive *archive, const WalNote *note, const char *name)
{
	const WalKey *key = wal_key_open(archive, note->cluster_key, name);
	char		file[WAL_SEGMENT_SIZE];
	char		proof[WAL_PROOF_SIZE];

	wal_segment_format(&note->segment, file);
	prove(archive, key, file, proof);
	if (!constant_time_equal(proof, note->proof))
		fail(FAILURE_DAMAGED,
			 "It says how far the WAL archive went. Take it from another copy of the repository, or remove it if you know that the archive is complete.",
			 "object \"%s\" is damaged: its name does not authenticate", name);
}

bool
wal_note_read(WalArchive *archive, uint32 timeline, WalName *newest)
{
	char	   *folder = note_folder(archive, timeline);
	StoreListing listing = store_list(archive->repository->store, folder);
	bool		found = false;

	for (int i = 0; i < listing.count; i++)
	{
		WalNote		note;

		if (!parse_note(listing.objects[i].name, &note) || note.segment.timeline != timeline)
			continue;
		require_genuine(archive, &note, listing.objects[i].name);
		if (!found || wal_segment_compare(&note.segment, newest) > 0)
			*newest = note.segment;
		found = true;
	}
	store_listing_free(&listing);
	pg_free(folder);
	return found;
}

bool
wal_note_covers(WalArchive *archive, const WalName *segment)
{
	WalName		newest;

	return wal_note_read(archive, segment->timeline, &newest) &&
		wal_segment_compare(&newest, segment) >= 0;
}

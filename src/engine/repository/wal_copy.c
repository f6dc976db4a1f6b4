/*
 * Copying WAL from one archive to another: objects as they are, each compared
 * with its name on the way.
 */
#include "postgres_fe.h"

#include "common/wal_retention.h"
#include "failure.h"
#include "repository/wal_copy.h"
#include "repository/wal_note.h"
#include "stream/filters.h"

/* Stored bytes of a file at most: those of the largest segment, and more. */
#define OBJECT_LIMIT ((size_t) 1024 * 1024 * 1024 + 64 * 1024 * 1024)

/* From where on the target needs WAL. */
typedef struct WalNeed
{
	uint64		segment_bytes;	/* 0: everything is needed */
	uint64		from;
} WalNeed;

/*
 * Reads an object into memory, and compares it with its name.
 */
static char *
read_object(WalArchive *archive, const WalEntry *entry, size_t *len)
{
	const WalObject *object = &entry->object;
	const WalKey *key = wal_key_open(archive, object->cluster_key, entry->object_name);
	Store	   *store = archive->repository->store;
	char		proof[WAL_PROOF_SIZE];
	char	   *bytes;
	Digest		digest;
	Sink	   *chain = memory_sink(&bytes, len, OBJECT_LIMIT, entry->object_name);

	chain = digest_sink(chain, &digest);
	if (!store_get(store, entry->object_name, chain))
		fail(FAILURE_STATE, "It may have expired meanwhile. Try again.",
			 "object \"%s\" vanished from \"%s\"", entry->object_name, store->url);
	sink_finish(chain);
	sink_release(chain);
	wal_proof(archive, key, object->file, "stored", digest.sha256, proof);
	if (!constant_time_equal(proof, object->stored))
		fail(FAILURE_DAMAGED, "Take the object from another copy of the repository.",
			 "object \"%s\" in \"%s\" is damaged: its digest is not what its name says",
			 entry->object_name, store->url);
	return bytes;
}

int64
wal_object_copy(WalArchive *from, const WalEntry *entry, WalArchive *to)
{
	size_t		len;
	char	   *bytes = read_object(from, entry, &len);
	Sink	   *put = store_put(to->repository->store, entry->object_name, PUT_NEW);

	sink_write(put, bytes, len);
	sink_finish(put);
	sink_release(put);
	pg_free(bytes);
	return len;
}

/*
 * From where on the target needs WAL: from the start of its first physical
 * backup.  Where that is not known, everything is needed.
 */
static WalNeed
find_need(Repository *target)
{
	int			count;
	BackupEntry *entries = repository_load_all(target, &count);
	WalNeed		need = {0};

	for (int i = 0; i < count; i++)
	{
		const PhysicalBackup *physical = entries[i].backup == NULL ? NULL :
			entries[i].backup->manifest->physical;

		if (entries[i].backup == NULL)
		{
			need.segment_bytes = 0;
			break;
		}
		if (physical == NULL)
			continue;
		if (need.segment_bytes == 0 || physical->start_lsn < need.from)
			need.from = physical->start_lsn;
		need.segment_bytes = physical->wal_segment_size;
	}
	pg_free(entries);
	return need;
}

/*
 * Orders files by their names.
 */
static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const WalFile *) a)->file, ((const WalFile *) b)->file);
}

/*
 * Is a file to be copied: is it needed, and not there?
 */
static bool
is_to_be_copied(const WalFile *file, const WalFiles *there, const WalNeed *need)
{
	if (file->name.kind == WAL_TAIL ||
		(need->segment_bytes > 0 &&
		 !wal_is_needed(&file->name, need->segment_bytes, need->from)))
		return false;
	return bsearch(file, there->files, there->count, sizeof(WalFile), compare_files) == NULL;
}

/*
 * Copies one file.
 */
static int64
copy_file(WalArchive *from, const WalFile *file, WalArchive *to)
{
	const char *name = file->stored->name;
	WalEntry	entry = {.object_name = file->stored->name};

	if (!wal_object_parse(strrchr(name, '/') + 1, &entry.object))
		fail(FAILURE_INTERNAL, NULL, "object \"%s\" has another name than before", name);
	return wal_object_copy(from, &entry, to);
}

/*
 * Keeps those files of a list that are to be copied; how many bytes they have.
 */
static int64
keep_missing(WalFiles *files, const WalFiles *there, const WalNeed *need)
{
	int			kept = 0;
	int64		bytes = 0;

	for (int i = 0; i < files->count; i++)
	{
		if (!is_to_be_copied(&files->files[i], there, need))
			continue;
		bytes += files->files[i].stored->size;
		files->files[kept++] = files->files[i];
	}
	files->count = kept;
	return bytes;
}

int
wal_archive_copy(Repository *from, Repository *to, WalCopyProgress progress)
{
	WalArchive *source = wal_archive_open(from);
	WalArchive *target = wal_archive_open(to);
	WalNeed		need = find_need(to);
	StoreListing notes = wal_notes_list(from);
	WalFiles	files = wal_archive_files(from);
	WalFiles	there = wal_archive_files(to);
	int64		expected;
	int64		done = 0;

	qsort(files.files, files.count, sizeof(WalFile), compare_files);
	qsort(there.files, there.count, sizeof(WalFile), compare_files);
	expected = keep_missing(&files, &there, &need);
	for (int i = 0; i < files.count; i++)
	{
		done += copy_file(source, &files.files[i], target);
		progress(done, expected);
	}
	wal_notes_copy(source, &notes, target);
	store_listing_free(&notes);
	store_listing_free(&files.listing);
	store_listing_free(&there.listing);
	return files.count;
}

/*
 * One of the processes that copy a cluster: it takes files from the queue
 * and writes packs of its own.
 */
#include "cluster/copy_shared.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "priority.h"
#include "storage/bufpage.h"

/* How much is read at once. */
#define READ_SIZE (1024 * 1024)

/* A page that does not match its checksum is read so often. */
#define PAGE_ATTEMPTS 6
/*
 * And so long after the last time, twice as long each time; the server may be
 * writing it, and may have to wait for a processor in the middle.
 */
#define PAGE_DELAY_MS 1

/* What the object with the hashes of pages begins with. */
#define PAGES_MAGIC "EBPAGES1"

/* A process that copies. */
typedef struct CopyWorker
{
	CopyShared *shared;
	unsigned char secret[PAGE_SECRET_SIZE];
	PackWriter *pack;			/* NULL if none is begun */
	int			pack_number;
	ObjectWriter *pages;		/* of that pack */
	char	   *buffer;			/* READ_SIZE bytes, aligned */
	unsigned char *hashes;		/* of the pages in it */
} CopyWorker;

/* A file that is being copied. */
typedef struct OpenFile
{
	int			index;			/* in the set */
	const ClusterFile *file;
	int			fd;
	int64		size;			/* what is stored of it */
} OpenFile;

/*
 * Begins another pack.
 */
static void
begin_pack(CopyWorker *worker)
{
	CopyShared *shared = worker->shared;
	BackupWriter *writer = shared->request->writer;
	char	   *pages_name;

	worker->pack_number =
		__atomic_add_fetch(&shared->counters->pack_count, 1, __ATOMIC_SEQ_CST);
	pages_name = pack_pages_name(worker->pack_number);
	worker->pack = pack_begin(writer, worker->pack_number);
	worker->pages = object_begin(writer, OBJECT_PAGES, pages_name, NULL);
	sink_write(worker->pages->chain, PAGES_MAGIC, strlen(PAGES_MAGIC));
	sink_write(worker->pages->chain, shared->seed, PAGE_SEED_SIZE);
	pfree(pages_name);
}

/*
 * Tells the other processes of an object.
 */
static void
share_object(SharedObject *shared, const ManifestObject *object)
{
	shared->size = object->size;
	shared->stored_size = object->stored_size;
	strlcpy(shared->sha256, object->sha256, sizeof(shared->sha256));
}

/*
 * Ends the pack, and tells of it.
 */
static void
finish_pack(CopyWorker *worker)
{
	CopyShared *shared = worker->shared;
	SharedPack *pack = &shared->packs[worker->pack_number - 1];
	PackFrame  *frames;

	share_object(&pack->pack, pack_finish(worker->pack, &frames, &pack->frame_count));
	share_object(&pack->pages, object_finish(shared->request->writer, worker->pages));
	pack->first_frame = __atomic_fetch_add(&shared->counters->frame_count,
										   pack->frame_count, __ATOMIC_SEQ_CST);
	memcpy(shared->frames + pack->first_frame, frames,
		   pack->frame_count * sizeof(PackFrame));
	pg_free(frames);
	worker->pack = NULL;
}

/*
 * Sleeps.
 */
static void
sleep_ms(int64 milliseconds)
{
	struct timespec wait = {
		.tv_sec = milliseconds / 1000,
		.tv_nsec = milliseconds % 1000 * 1000000
	};

	while (nanosleep(&wait, &wait) != 0 && errno == EINTR)
		;
}

/*
 * Counts what was read, and waits as long as all processes together are
 * ahead of the rate that is allowed.
 */
static void
account(CopyShared *shared, int64 len)
{
	int64		rate = shared->request->max_rate;
	int64		done = __atomic_add_fetch(&shared->counters->bytes_done, len,
										  __ATOMIC_SEQ_CST);
	int64		due;

	priority_give_way(len);
	if (rate <= 0)
		return;
	due = shared->started_ms + (int64) ((double) done / rate * 1000);
	if (due > clock_ms())
		sleep_ms(due - clock_ms());
}

/*
 * Reads from a file; what it does not have any more becomes zeros, for the
 * WAL says that it was truncated.
 */
static void
read_or_zero(const OpenFile *open, char *buffer, size_t len, int64 offset)
{
	size_t		filled = 0;

	while (filled < len)
	{
		ssize_t		got = pread(open->fd, buffer + filled, len - filled, offset + filled);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			fail_errno("could not read file \"%s\"", open->file->path);
		if (got == 0)
			break;
		filled += got;
	}
	memset(buffer + filled, 0, len - filled);
}

/*
 * Notes a page that does not match its checksum.
 */
static void
note_bad_page(CopyShared *shared, int file, BlockNumber block)
{
	CopyCounters *counters = shared->counters;
	int64		number = __atomic_fetch_add(&counters->bad_page_count, 1,
											__ATOMIC_SEQ_CST);

	if (number >= BAD_PAGE_LIMIT)
		return;
	counters->bad_pages[number].file = file;
	counters->bad_pages[number].block = block;
}

/*
 * Checks a page, and reads it again as long as it seems to be torn, unless so
 * many are bad that this would take for ever.  block counts in the file.
 */
static void
check_page(CopyWorker *worker, const OpenFile *open, char *page, BlockNumber block)
{
	const CopyRequest *request = worker->shared->request;
	BlockNumber number = open->file->segment * ((BlockNumber) RELSEG_SIZE) + block;

	for (int attempt = 1; !page_is_good(page, number, request->start); attempt++)
	{
		if (attempt == PAGE_ATTEMPTS ||
			worker->shared->counters->bad_page_count >= BAD_PAGE_LIMIT)
		{
			note_bad_page(worker->shared, open->index, block);
			return;
		}
		sleep_ms((int64) PAGE_DELAY_MS << (attempt - 1));
		read_or_zero(open, page, BLCKSZ, (int64) block * BLCKSZ);
	}
}

/*
 * Checks and hashes the whole pages of what was read.
 */
static void
take_pages(CopyWorker *worker, const OpenFile *open, size_t len, int64 offset)
{
	int			count = (int) (len / BLCKSZ);

	for (int i = 0; i < count; i++)
	{
		char	   *page = worker->buffer + (size_t) i * BLCKSZ;

		if (worker->shared->request->checksums)
			check_page(worker, open, page, (BlockNumber) (offset / BLCKSZ + i));
		page_hash(worker->secret, page, worker->hashes + i * PAGE_HASH_SIZE);
	}
	sink_write(worker->pages->chain, worker->hashes, count * PAGE_HASH_SIZE);
}

/*
 * Begins the entry of a file in the list of hashes: where it is, and how many
 * pages it has, least significant bytes first.
 */
static void
begin_pages(CopyWorker *worker, const OpenFile *open, int64 offset)
{
	uint32		pages = (uint32) (open->size / BLCKSZ);
	unsigned char entry[12];

	for (int i = 0; i < 8; i++)
		entry[i] = (unsigned char) (offset >> 8 * i);
	for (int i = 0; i < 4; i++)
		entry[8 + i] = (unsigned char) (pages >> 8 * i);
	sink_write(worker->pages->chain, entry, sizeof(entry));
}

/*
 * Copies the content of a file.
 */
static void
copy_content(CopyWorker *worker, const OpenFile *open, Sink *digest)
{
	for (int64 offset = 0; offset < open->size; offset += READ_SIZE)
	{
		size_t		len = Min(READ_SIZE, open->size - offset);

		read_or_zero(open, worker->buffer, len, offset);
		if (open->file->has_pages)
			take_pages(worker, open, len, offset);
		sink_write(digest, worker->buffer, len);
		pack_write(worker->pack, worker->buffer, len);
		account(worker->shared, len);
	}
}

/*
 * Stores a file that is open.
 */
static void
store_file(CopyWorker *worker, const OpenFile *open)
{
	const ClusterFile *file = open->file;
	CopyResult *result = &worker->shared->results[open->index];
	PackMember	member = {file->path, file->is_directory, file->mode, file->mtime, open->size};
	Digest		digest;
	Sink	   *digest_chain = digest_sink(NULL, &digest);

	result->position = pack_begin_member(worker->pack, &member);
	if (file->has_pages)
		begin_pages(worker, open, result->position.offset);
	copy_content(worker, open, digest_chain);
	pack_end_member(worker->pack);
	sink_finish(digest_chain);
	sink_release(digest_chain);
	result->size = open->size;
	strlcpy(result->sha256, digest.sha256, sizeof(result->sha256));
	result->state = COPY_STORED;
}

/*
 * Opens a file; false if it is not there any more.  What it has grown by
 * since it was found is in the WAL.
 */
static bool
open_file(const CopyRequest *request, OpenFile *open)
{
	char	   *path = open->file->source != NULL ? pg_strdup(open->file->source) :
		psprintf("%s/%s", request->data_directory, open->file->path);
	int			flags = O_RDONLY | O_CLOEXEC | (open->file->source != NULL ? 0 : O_NOFOLLOW);
	struct stat status;

	open->fd = openat(AT_FDCWD, path, flags);
	if (open->fd < 0 && errno != ENOENT)
		fail_errno("could not open file \"%s\"", path);
	if (open->fd >= 0 && fstat(open->fd, &status) != 0)
		fail_errno("could not examine file \"%s\"", path);
	pfree(path);
	if (open->fd < 0)
		return false;
	open->size = Min(open->file->size, status.st_size);
	return true;
}

/*
 * Copies one entry of the set.
 */
static void
copy_entry(CopyWorker *worker, int index)
{
	OpenFile	open = {.index = index, .file = &worker->shared->request->set->files[index], .fd = -1};

	if (!open.file->is_directory && !open_file(worker->shared->request, &open))
	{
		worker->shared->results[index].state = COPY_GONE;
		return;
	}
	if (worker->pack != NULL && pack_size(worker->pack) >= PACK_SIZE)
		finish_pack(worker);
	if (worker->pack == NULL)
		begin_pack(worker);
	store_file(worker, &open);
	if (open.fd >= 0)
		close(open.fd);
}

void
copy_worker(void *shared)
{
	CopyWorker	worker = {.shared = shared};
	int			item;

	page_secret_make(worker.shared->seed, worker.secret);
	worker.buffer = aligned_alloc(READ_SIZE, READ_SIZE);
	if (worker.buffer == NULL)
		fail(FAILURE_INTERNAL, NULL, "could not get memory to read files");
	worker.hashes = pg_malloc(READ_SIZE / BLCKSZ * PAGE_HASH_SIZE);
	while ((item = __atomic_fetch_add(&worker.shared->counters->next_item, 1,
									  __ATOMIC_SEQ_CST)) < worker.shared->queue_length)
		copy_entry(&worker, worker.shared->queue[item]);
	if (worker.pack != NULL)
		finish_pack(&worker);
}

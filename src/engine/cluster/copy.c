/*
 * Copies the files of a cluster into packs.
 */
#include "cluster/copy_shared.h"

#include "clock.h"
#include "cluster/workers.h"
#include "protocol.h"

/* The files that the next function compares. */
static const ClusterFile *compared;

/*
 * Puts directories first, then the largest files, so that no process is left
 * with a large one at the end.
 */
static int
compare_items(const void *a, const void *b)
{
	const ClusterFile *left = &compared[*(const int *) a];
	const ClusterFile *right = &compared[*(const int *) b];

	if (left->is_directory != right->is_directory)
		return left->is_directory ? -1 : 1;
	if (left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return left < right ? -1 : 1;
}

/*
 * The order in which files are copied.
 */
static int *
make_queue(const FileSet *set, int *count)
{
	int		   *queue = pg_malloc(Max(set->count, 1) * sizeof(int));

	*count = 0;
	for (int i = 0; i < set->count; i++)
	{
		if (set->files[i].is_member)
			queue[(*count)++] = i;
	}
	compared = set->files;
	qsort(queue, *count, sizeof(int), compare_items);
	return queue;
}

/*
 * Prepares what the processes share.  A file needs at most one frame more
 * than its bytes fill, and one that is cut short before it.
 */
static void
prepare(CopyShared *shared, const CopyRequest *request)
{
	const FileSet *set = request->set;
	int64		bytes = set->bytes + (int64) set->count * PACK_HEADER_LIMIT;
	int64		packs = bytes / PACK_SIZE + request->jobs + 1;

	memset(shared, 0, sizeof(*shared));
	shared->request = request;
	if (!pg_strong_random(shared->seed, sizeof(shared->seed)))
		fail(FAILURE_INTERNAL, NULL, "could not generate random bytes");
	shared->queue = make_queue(set, &shared->queue_length);
	shared->counters = workers_share(sizeof(CopyCounters));
	shared->results = workers_share(set->count * sizeof(CopyResult));
	shared->packs = workers_share(packs * sizeof(SharedPack));
	shared->frames = workers_share((bytes / FRAME_SIZE + 2 * (set->count + packs)) *
								   sizeof(PackFrame));
	shared->started_ms = clock_ms();
}

/*
 * Reports how much was copied.
 */
static void
report_copied(void *context)
{
	const CopyShared *shared = context;

	progress_report("copying", NULL,
					__atomic_load_n(&shared->counters->bytes_done, __ATOMIC_SEQ_CST),
					shared->request->set->bytes);
}

/*
 * Makes an object that another process stored an entry of the manifest.
 */
static void
adopt_object(BackupWriter *writer, ObjectKind kind, char *name,
			 const SharedObject *shared)
{
	const Manifest *manifest = writer->manifest;
	ManifestObject object = {
		.kind = kind,
		.name = psprintf("%s%s%s", name, compression_suffix(manifest->compression.method),
						 cipher_suffix(manifest->cipher)),
		.size = shared->size,
		.stored_size = shared->stored_size
	};

	strlcpy(object.sha256, shared->sha256, sizeof(object.sha256));
	manifest_add_object(writer->manifest, &object);
	pfree(name);
}

/*
 * Takes over what the processes made.
 */
static Copy *
collect(const CopyShared *shared)
{
	const CopyCounters *counters = shared->counters;
	BackupWriter *writer = shared->request->writer;
	Copy	   *copy = pg_malloc0(sizeof(Copy));

	copy->results = shared->results;
	copy->pack_count = counters->pack_count;
	copy->frames = pg_malloc0((copy->pack_count + 1) * sizeof(PackFrame *));
	copy->frame_counts = pg_malloc0((copy->pack_count + 1) * sizeof(int));
	for (int i = 0; i < copy->pack_count; i++)
	{
		copy->frames[i] = shared->frames + shared->packs[i].first_frame;
		copy->frame_counts[i] = shared->packs[i].frame_count;
		adopt_object(writer, OBJECT_PACK, pack_name(i + 1), &shared->packs[i].pack);
		adopt_object(writer, OBJECT_PAGES, pack_pages_name(i + 1), &shared->packs[i].pages);
	}
	copy->bad_page_count = counters->bad_page_count;
	copy->bad_pages = pg_malloc0(BAD_PAGE_LIMIT * sizeof(BadPage));
	for (int i = 0; i < Min(copy->bad_page_count, BAD_PAGE_LIMIT); i++)
	{
		copy->bad_pages[i].path =
			pg_strdup(shared->request->set->files[counters->bad_pages[i].file].path);
		copy->bad_pages[i].block = counters->bad_pages[i].block;
	}
	return copy;
}

Copy *
cluster_copy(const CopyRequest *request)
{
	CopyShared	shared;

	prepare(&shared, request);
	workers_run(copy_worker, &shared, request->jobs, report_copied);
	pg_free(shared.queue);
	return collect(&shared);
}

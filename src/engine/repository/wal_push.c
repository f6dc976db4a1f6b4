/*
 * Storing a file in the WAL archive.
 *
 * The name of the object holds the digest of its bytes, so these are made in
 * memory first: a segment and a little more at most.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog_internal.h"
#include "failure.h"
#include "repository/keys.h"
#include "repository/wal_cipher.h"
#include "repository/wal_segment.h"
#include "stream/filters.h"

#define READ_SIZE (1024 * 1024)

/* What compression and encryption may add to the largest segment there is. */
#define STORED_LIMIT ((size_t) WalSegMaxSize + 64 * 1024 * 1024)

/* A file that is being archived. */
typedef struct Push
{
	WalArchive *archive;		/* the first, whose key is used */
	const WalSource *source;
	WalName		name;
	const WalKey *key;
	Digest		content;
	Digest		stored;
	char	   *bytes;			/* of the object */
	size_t		len;
	int64		file_size;
	char		header[WAL_SEGMENT_HEADER_SIZE];
} Push;

/*
 * Opens the file.  It must be a regular one: nothing else is ever archived.
 */
static int
open_source(Push *push)
{
	const char *path = push->source->path;
	int			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		fail_errno("could not open file \"%s\"", path);
	if (fstat(fd, &status) != 0)
		fail_errno("could not examine file \"%s\"", path);
	if (!S_ISREG(status.st_mode))
		fail(FAILURE_DAMAGED, NULL, "\"%s\" is not a regular file", path);
	push->file_size = status.st_size;
	return fd;
}

/*
 * How many bytes to read next: of a piece no more than belong to it.
 */
static size_t
read_size(const Push *push, int64 position)
{
	return push->name.kind != WAL_TAIL ? READ_SIZE :
		Min((int64) READ_SIZE, push->name.to - position);
}

/*
 * Reads the file to its end, or the piece of it, into a chain, and keeps the
 * beginning.
 */
static void
read_source(Push *push, Sink *chain)
{
	const char *path = push->source->path;
	int			fd = open_source(push);
	char	   *buffer = pg_malloc(READ_SIZE);
	int64		position = push->name.from;
	ssize_t		len;

	while ((len = pread(fd, buffer, read_size(push, position), position)) != 0)
	{
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			fail_errno("could not read file \"%s\"", path);
		if (position == 0)
			memcpy(push->header, buffer, Min(len, WAL_SEGMENT_HEADER_SIZE));
		position += len;
		sink_write(chain, buffer, len);
	}
	pg_free(buffer);
	close(fd);
}

/*
 * Makes the bytes of the object, with the digests of both sides.
 */
static void
make_bytes(Push *push)
{
	const WalSource *source = push->source;
	Sink	   *chain = memory_sink(&push->bytes, &push->len, STORED_LIMIT,
									source->file);

	chain = digest_sink(chain, &push->stored);
	chain = wal_encrypt_sink(chain, push->key, &push->name);
	chain = compress_sink(chain, &source->compression, 1, false);
	chain = digest_sink(chain, &push->content);
	read_source(push, chain);
	sink_finish(chain);
	sink_release(chain);
}

/*
 * The object that holds the file in an archive already; allocated, NULL if there
 * is none.  Fails if something else is there instead.
 */
static WalEntry *
find_archived(Push *push, WalArchive *archive)
{
	const char *file = push->source->file;
	int			count;
	WalEntry   *entries = wal_archive_find(archive, file, &count);

	for (int i = 0; i < count; i++)
	{
		const WalObject *object = &entries[i].object;
		const WalKey *key = wal_key_open(archive, object->cluster_key,
										 entries[i].object_name);
		char		content[WAL_PROOF_SIZE];

		wal_proof(archive, key, file, "content", push->content.sha256, content);
		if (!constant_time_equal(content, object->content))
			fail(FAILURE_DUPLICATE,
				 "Another server may be writing to this repository, a copy of this one or one that it was promoted from. Give each server a repository of its own.",
				 "file \"%s\" is in the archive with another content: object \"%s\"",
				 file, entries[i].object_name);
	}
	if (count > 0)
		return entries;
	pg_free(entries);
	return NULL;
}

/*
 * The name of the object; allocated.
 */
static char *
make_name(const Push *push)
{
	const WalSource *source = push->source;
	WalObject	object = {.compression = source->compression.method};
	char		folder[WAL_FOLDER_SIZE];
	char		last[WAL_OBJECT_SIZE];

	strlcpy(object.file, source->file, sizeof(object.file));
	strlcpy(object.cluster_key, push->key->id, sizeof(object.cluster_key));
	wal_proof(push->archive, push->key, source->file, "content",
			  push->content.sha256, object.content);
	wal_proof(push->archive, push->key, source->file, "stored",
			  push->stored.sha256, object.stored);
	wal_object_format(&object, last);
	wal_name_folder(&push->name, folder);
	return psprintf("%swal/%s/%s", push->archive->repository->prefix, folder, last);
}

/*
 * Stores the bytes in an archive.
 */
static void
store_bytes(const Push *push, WalArchive *archive)
{
	char	   *name = make_name(push);
	Sink	   *put = store_put(archive->repository->store, name, PUT_NEW);

	sink_write(put, push->bytes, push->len);
	sink_finish(put);
	sink_release(put);
	pg_free(name);
}

/*
 * Fails if the file is not what its name says, as far as its beginning and its
 * length tell.
 */
static void
check_source(const Push *push)
{
	const WalName *name = &push->name;
	const char *path = push->source->path;

	if (name->kind == WAL_TAIL && push->content.size != name->to - name->from)
		fail(FAILURE_DAMAGED, NULL, "file \"%s\" ends before byte %u", path, name->to);
	if (name->kind == WAL_SEGMENT || (name->kind == WAL_TAIL && name->from == 0))
		wal_segment_check(push->header,
						  name->kind == WAL_TAIL ? push->file_size : push->content.size, name,
						  push->archive->repository->system_identifier, path);
}

/*
 * Gives an archive the object that another one has, with the keys that it may
 * need: those of the first archive have been given to the others before.
 */
static void
copy_object(WalArchive *from, const WalEntry *entry, WalArchive *to, bool encrypted)
{
	if (encrypted)
		cluster_keys_copy(from->repository->store, to->repository->store, from->repository->prefix);
	wal_object_copy(from, entry, to);
}

/*
 * Stores the file in the archives that lack it.  Where one has it since an
 * earlier try, the others get the same object.  False if all had it.
 */
static bool
store_where_missing(Push *push, WalArchive *const *archives, int count)
{
	WalEntry  **found = pg_malloc0(count * sizeof(WalEntry *));
	int			holder = -1;
	int			missing = 0;

	for (int i = 0; i < count; i++)
	{
		found[i] = find_archived(push, archives[i]);
		if (found[i] == NULL)
			missing++;
		else if (holder < 0)
			holder = i;
	}
	for (int i = 0; i < count; i++)
	{
		if (found[i] == NULL && holder < 0)
			store_bytes(push, archives[i]);
		else if (found[i] == NULL)
			copy_object(archives[holder], found[holder], archives[i], push->source->encrypted);
	}
	for (int i = 0; i < count; i++)
		pg_free(found[i]);
	pg_free(found);
	return missing > 0;
}

bool
wal_archive_push_all(WalArchive *const *archives, int count, const WalSource *source)
{
	Push		push = {.archive = archives[0], .source = source};
	bool		stored;

	if (!wal_file_parse(source->file, &push.name))
		fail(FAILURE_USAGE, NULL, "\"%s\" is not the name of a file of WAL",
			 source->file);
	push.key = source->encrypted ? wal_key_current(push.archive) :
		wal_key_open(push.archive, "", NULL);
	make_bytes(&push);
	check_source(&push);
	stored = store_where_missing(&push, archives, count);
	pg_free(push.bytes);
	return stored;
}

bool
wal_archive_push(WalArchive *archive, const WalSource *source)
{
	return wal_archive_push_all(&archive, 1, source);
}

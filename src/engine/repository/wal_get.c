/*
 * Taking a file out of the WAL archive.
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <unistd.h>

#include "failure.h"
#include "repository/wal_cipher.h"
#include "stream/filters.h"

/* More than the history of any cluster needs. */
#define HISTORY_LIMIT (1024 * 1024)

#define DAMAGED_HINT "Take the object from another copy of the repository."

/* A file that is being taken out of the archive. */
typedef struct Get
{
	WalArchive *archive;
	const WalEntry *entry;
	const WalKey *key;
	const char *path;
} Get;

/*
 * Fails if the objects of a file do not all claim the same content.
 */
static void
require_one_content(const WalEntry *entries, int count)
{
	for (int i = 1; i < count; i++)
	{
		const WalObject *first = &entries[0].object;
		const WalObject *object = &entries[i].object;

		if (strcmp(first->content, object->content) != 0 ||
			strcmp(first->cluster_key, object->cluster_key) != 0)
			fail(FAILURE_DAMAGED,
				 "Two servers have written to this repository. Move away the object that is not of the history that you want.",
				 "file \"%s\" is in the archive with two contents: objects \"%s\" and \"%s\"",
				 object->file, entries[0].object_name, entries[i].object_name);
	}
}

/*
 * Fails unless a digest is the one that the object's name claims.
 */
static void
require_proof(const Get *get, const char *of_what, const Digest *digest,
			  const char *claimed)
{
	char		proof[WAL_PROOF_SIZE];

	wal_proof(get->archive, get->key, get->entry->object.file, of_what,
			  digest->sha256, proof);
	if (!constant_time_equal(proof, claimed))
		fail(FAILURE_DAMAGED, DAMAGED_HINT,
			 "object \"%s\" is damaged: its %s is not what its name says",
			 get->entry->object_name,
			 strcmp(of_what, "stored") == 0 ? "digest" : "content");
}

/*
 * Reads the bytes of the object into a chain, and ends it; fails if the object
 * vanished.
 */
static void
read_object(const Get *get, Sink *chain)
{
	if (!store_get(get->archive->repository->store, get->entry->object_name, chain))
		fail(FAILURE_DAMAGED, DAMAGED_HINT, "object \"%s\" is missing",
			 get->entry->object_name);
	sink_finish(chain);
	sink_release(chain);
}

/*
 * Compares the stored bytes with the name, before anything is made of them.
 */
static void
check_stored(const Get *get)
{
	Digest		digest;

	read_object(get, digest_sink(NULL, &digest));
	require_proof(get, "stored", &digest, get->entry->object.stored);
}

/*
 * Has the plain bytes go down a chain, which it ends, and compares them, and
 * once more the stored ones, with the name.
 */
static void
take_content(const Get *get, Sink *chain, Digest *content)
{
	const WalObject *object = &get->entry->object;
	Digest		stored;

	chain = digest_sink(chain, content);
	chain = decompress_sink(chain, object->compression, get->entry->object_name);
	chain = wal_decrypt_sink(chain, get->key, &object->name, get->entry->object_name);
	read_object(get, digest_sink(chain, &stored));
	require_proof(get, "stored", &stored, object->stored);
	require_proof(get, "content", content, object->content);
}

/*
 * Writes the plain bytes to the file.
 */
static void
write_file(const Get *get, Digest *content)
{
	int			fd;

	(void) unlink(get->path);
	fd = open(get->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  S_IRUSR | S_IWUSR);
	if (fd < 0)
		fail_errno("could not create file \"%s\"", get->path);
	take_content(get, fd_sink(fd, get->path, NULL), content);
	if (close(fd) != 0)
		fail_errno("could not write file \"%s\"", get->path);
}

/*
 * Finds the one content that the archive has of a file, and compares its
 * stored bytes with its name; false if there is none.
 */
static bool
find_content(Get *get, const char *file)
{
	int			count;
	WalEntry   *entries = wal_archive_find(get->archive, file, &count);

	if (count == 0)
		return false;
	require_one_content(entries, count);
	get->entry = entries;
	get->key = wal_key_open(get->archive, entries[0].object.cluster_key,
							entries[0].object_name);
	check_stored(get);
	return true;
}

bool
wal_archive_get(WalArchive *archive, const char *file, const char *path,
				Digest *content)
{
	Get			get = {.archive = archive, .path = path};

	if (!find_content(&get, file))
		return false;
	write_file(&get, content);
	return true;
}

bool
wal_archive_read(WalArchive *archive, const char *file, Sink *chain, Digest *content)
{
	Get			get = {.archive = archive};

	if (!find_content(&get, file))
		return false;
	take_content(&get, chain, content);
	return true;
}

char *
wal_archive_history(WalArchive *archive, uint32 timeline)
{
	char	   *file = psprintf("%08X.history", timeline);
	char	   *history = NULL;
	size_t		len;
	Sink	   *memory = memory_sink(&history, &len, HISTORY_LIMIT, file);
	Digest		content;

	if (!wal_archive_read(archive, file, memory, &content))
	{
		sink_release(memory);
		pg_free(history);
		history = NULL;
	}
	pg_free(file);
	return history;
}

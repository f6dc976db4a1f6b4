/*
 * Verifies a backup: what is stored against the manifest, then what it
 * decodes to.
 */
#include "postgres_fe.h"

#include <sys/wait.h>

#include "cluster/workers.h"
#include "command/verify_backup.h"
#include "command/verify_physical.h"
#include "database/toc.h"
#include "process.h"
#include "protocol.h"
#include "repository/backup_gather.h"
#include "stream/skim.h"

/* The properties of databases are small. */
#define DATABASES_LIMIT (64 * 1024 * 1024)

/* The last line of what pg_dumpall wrote is within so many bytes of its end. */
#define TAIL_SIZE 1024
#define GLOBALS_LAST_LINE "\n-- PostgreSQL database cluster dump complete\n"

/* How often progress is looked at while there is nothing else to do. */
#define WATCH_MS 500

/* What the verification that this process runs reports. */
static Verification *reported = NULL;
static const char *reported_database = NULL;

/*
 * Reports how far the verification has come.
 */
static void
report_verification(void)
{
	progress_report("verifying", reported_database,
					reported->done->stored + reported->done->content,
					reported->bytes_expected);
}

/* A sink that counts what passes as progress of the verification. */
static void
progress_write(Sink *sink, const void *data, size_t len)
{
	(void) __atomic_fetch_add(&reported->done->content, len, __ATOMIC_RELAXED);
	sink_write(sink->next, data, len);
}

static void
progress_release(Sink *sink)
{
	pg_free(sink);
}

static const SinkOps progress_ops = {
	.write = progress_write,
	.release = progress_release
};

/*
 * A sink that counts what passes as progress, before the next one.
 */
static Sink *
progress_sink(Sink *next)
{
	Sink	   *sink = pg_malloc0(sizeof(Sink));

	sink->ops = &progress_ops;
	sink->next = next;
	return sink;
}

/*
 * How many bytes the verification of an object passes.
 */
static int64
verification_cost(const Verification *verification, const ManifestObject *object)
{
	int64		content = verification->depth == VERIFY_ARCHIVE ? object->stored_size : object->size;

	if (verification->depth == VERIFY_DIGEST)
		return object->stored_size;
	return verification->reads_once ? content : object->stored_size + content;
}

Verification
verification_make(Repository *repository, const Backup *backup,
				  VerifyDepth depth, const char *pg_restore)
{
	const Manifest *manifest = backup->manifest;
	Verification verification = {repository, backup, depth, pg_restore};

	verification.done = workers_share(sizeof(VerifiedBytes));
	verification.reads_once = depth >= VERIFY_ARCHIVE && store_is_on_server(repository->store);
	for (int i = 0; i < manifest->object_count; i++)
		verification.bytes_expected += verification_cost(&verification, &manifest->objects[i]);
	return verification;
}

/*
 * The name of an object for messages; allocated.
 */
static char *
full_name(const Verification *verification, const ManifestObject *object)
{
	return backup_object_name(verification->repository,
							  verification->backup->manifest->id, object->name);
}

/*
 * Compares the table of contents of a dump with what the manifest says, and
 * frees it.
 */
static void
compare_toc(Verification *verification, const ManifestObject *object, Toc *toc)
{
	if (toc->count != object->toc_entries)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: its table of contents has %d entries instead of %d",
			 full_name(verification, object), toc->count, object->toc_entries);
	if (strcmp(toc->sha256, object->toc_sha256) != 0)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: its table of contents has other entries than when it was made",
			 full_name(verification, object));
	toc_free(toc);
}

/*
 * Waits for the pg_restore that parses a whole dump.
 */
static void
finish_parsing(Program *program, const char *name)
{
	int			status = program_wait(program);

	if (status != 0 && !WIFEXITED(status))
		fail(FAILURE_PROGRAM, NULL, "could not parse object \"%s\": pg_restore %s",
			 name, wait_status_text(status));
	if (status != 0)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: pg_restore cannot parse it: %.*s",
			 name, (int) strcspn(program->err_text, "\n"),
			 program->err_text);
	program_kill(program);
}

void
object_get_content(Verification *verification, const ManifestObject *object, Sink *into)
{
	Repository *repository = verification->repository;
	char	   *name = full_name(verification, object);

	if (verification->reads_once)
		object_read_stored(repository, verification->backup->manifest->id, object, into, NULL);
	else if (gathered_get(repository->store, name, into))
		sink_finish(into);
	else
		fail(FAILURE_DAMAGED, NULL, "object \"%s\" is missing", name);
	pg_free(name);
}

/*
 * Decrypts a dump to its end and looks at the frames that it consists of.
 */
static void
skim_dump(Verification *verification, const ManifestObject *object)
{
	const Manifest *manifest = verification->backup->manifest;
	char	   *name = full_name(verification, object);
	int64		size;
	Sink	   *chain = skim_sink(manifest->compression.method, name, &size);

	chain = progress_sink(backup_decrypt_sink(chain, verification->backup, name));
	object_get_content(verification, object, chain);
	sink_release(chain);
	if (size != object->size)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: it holds " INT64_FORMAT " bytes instead of " INT64_FORMAT,
			 name, size, object->size);
	pg_free(name);
}

/*
 * Looks at the frames of a dump, and has pg_restore read its table of
 * contents.
 */
static void
verify_dump_archive(Verification *verification, const ManifestObject *object)
{
	skim_dump(verification, object);
	compare_toc(verification, object,
				toc_of_object(verification->repository, verification->backup,
							  object, verification->pg_restore, NULL));
}

/*
 * Decodes a dump to its end, and has pg_restore parse all of it.
 */
static void
verify_dump_full(Verification *verification, const ManifestObject *object)
{
	const char *argv[] = {verification->pg_restore, "--file=/dev/null", NULL};
	TocReader  *reader = toc_reader_start(verification->pg_restore, NULL);
	Program    *parser = program_start(argv, NULL, PROGRAM_IN);
	Sink	   *toc_sink = toc_reader_sink(reader);
	Sink	   *chain = progress_sink(toc_sink);
	char	   *name = full_name(verification, object);
	bool		gone;

	toc_sink->next = fd_sink(parser->in, "pg_restore", &gone);
	object_read(verification->repository, verification->backup, object, chain);
	sink_release(chain);
	finish_parsing(parser, name);
	compare_toc(verification, object, toc_reader_finish(reader, name));
	pg_free(name);
}

/* A sink that keeps the last bytes. */
typedef struct TailSink
{
	Sink		base;
	char	   *tail;			/* with a terminating zero */
	size_t		len;
} TailSink;

static void
tail_write(Sink *sink, const void *data, size_t len)
{
	TailSink   *self = (TailSink *) sink;
	size_t		taken = Min(len, TAIL_SIZE);
	size_t		kept = Min(self->len, TAIL_SIZE - taken);

	memmove(self->tail, self->tail + self->len - kept, kept);
	memcpy(self->tail + kept, (const char *) data + len - taken, taken);
	self->len = kept + taken;
	self->tail[self->len] = '\0';
}

static void
tail_release(Sink *sink)
{
	pg_free(sink);
}

static const SinkOps tail_ops = {
	.write = tail_write,
	.release = tail_release
};

/*
 * Decodes the globals to their end, which must be that of a whole script.
 */
static void
verify_globals(Verification *verification, const ManifestObject *object)
{
	char		tail[TAIL_SIZE + 1] = "";
	TailSink   *sink = pg_malloc0(sizeof(TailSink));
	Sink	   *chain = progress_sink(&sink->base);

	sink->base.ops = &tail_ops;
	sink->tail = tail;
	object_read(verification->repository, verification->backup, object, chain);
	sink_release(chain);
	if (strstr(tail, GLOBALS_LAST_LINE) == NULL)
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: it does not end as a complete script of pg_dumpall",
			 full_name(verification, object));
}

json_t *
databases_read(Repository *repository, const Backup *backup,
			   const ManifestObject *object)
{
	char	   *name = backup_object_name(repository, backup->manifest->id,
										  object->name);
	char	   *buffer = NULL;
	size_t		len = 0;
	Sink	   *sink = memory_sink(&buffer, &len, DATABASES_LIMIT, name);
	json_t	   *databases;
	json_t	   *database;
	size_t		i;

	object_read(repository, backup, object, sink);
	sink_release(sink);
	databases = json_loadb(buffer, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_array(databases))
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: it is no array in JSON", name);
	json_array_foreach(databases, i, database)
	{
		if (!json_is_string(json_object_get(database, "name")))
			fail(FAILURE_DAMAGED, NULL,
				 "object \"%s\" is damaged: a database in it has no name", name);
	}
	pg_free(buffer);
	pg_free(name);
	return databases;
}

void
object_verify_content(Verification *verification, const ManifestObject *object)
{
	reported = verification;
	switch (object->kind)
	{
		case OBJECT_DUMP:
			if (verification->depth >= VERIFY_FULL)
				verify_dump_full(verification, object);
			else
				verify_dump_archive(verification, object);
			break;
		case OBJECT_GLOBALS:
			verify_globals(verification, object);
			break;
		case OBJECT_DATABASES:
			json_decref(databases_read(verification->repository,
									   verification->backup, object));
			break;
		case OBJECT_PACK:
		case OBJECT_FILES:
		case OBJECT_FRAMES:
		case OBJECT_PAGES:
		case OBJECT_LABEL:
		case OBJECT_TABLESPACE_MAP:
		case OBJECT_CONTROL:
		case OBJECT_WAL:
			verify_physical_object(verification, object, progress_sink);
			break;
	}
}

/* The content of an object, to be looked at in a process of its own. */
typedef struct ContentStep
{
	Verification *verification;
	const ManifestObject *object;
} ContentStep;

static void
verify_content_step(void *context)
{
	ContentStep *step = context;

	object_verify_content(step->verification, step->object);
}

void
object_fail_content(Verification *verification, const ManifestObject *object,
					const Failure *problem)
{
	if (verification->reads_once && problem->kind == FAILURE_DAMAGED)
		object_verify_digest(verification->repository, verification->backup->manifest->id,
							 object, true, &verification->done->stored, NULL);
	fail_with(problem);
}

/*
 * Waits for the end of a look at some content.
 */
static void
finish_content(Verification *verification, const ManifestObject *object, Isolated *content)
{
	Failure		problem;

	while (isolated_wait_any(&content, 1, WATCH_MS) < 0)
		report_verification();
	if (!isolated_finish(content, &problem))
		object_fail_content(verification, object, &problem);
}

/*
 * Digest and content are looked at side by side, for each keeps a core busy,
 * unless both are had by reading once.  Stored bytes that are not those of the
 * manifest are told before what is wrong with their content.
 */
void
object_verify(Verification *verification, const ManifestObject *object)
{
	ContentStep step = {verification, object};
	Isolated   *content = NULL;

	reported = verification;
	reported_database = object->database;
	if (verification->depth >= VERIFY_ARCHIVE)
		content = isolated_start(verify_content_step, &step);
	if (!verification->reads_once)
		object_verify_digest(verification->repository,
							 verification->backup->manifest->id, object, true,
							 &verification->done->stored, report_verification);
	if (content != NULL)
		finish_content(verification, object, content);
}

/*
 * Is this name, below the backup's folder, one that the backup may have
 * without its manifest naming it?
 */
static bool
is_expected_name(const Manifest *manifest, const char *name)
{
	if (strcmp(name, "manifest.json") == 0 ||
		strcmp(name, "writer.json") == 0 ||
		strncmp(name, "event/", strlen("event/")) == 0)
		return true;
	for (int i = 0; i < manifest->object_count; i++)
	{
		if (strcmp(name, manifest->objects[i].name) == 0)
			return true;
	}
	return false;
}

void
backup_verify_complete(Repository *repository, const Backup *backup)
{
	char	   *folder = backup_object_name(repository, backup->manifest->id, "");
	StoreListing listing = store_list(repository->store, folder);

	for (int i = 0; i < listing.count; i++)
	{
		const char *name = listing.objects[i].name + strlen(folder);

		if (!is_expected_name(backup->manifest, name))
			fail(FAILURE_DAMAGED, NULL,
				 "object \"%s\" is not part of backup \"%s\"",
				 listing.objects[i].name, backup->manifest->id);
	}
	store_listing_free(&listing);
	pg_free(folder);
}

/*
 * A repository with backups in it, to test with.
 */
#include "helpers.h"
#include "sample.h"
#include "scratch.h"

#include "stream/filters.h"

/* A backup, for functions that are expected to fail. */
typedef struct Target
{
	Repository *repository;
	const char *id;
} Target;

char	   *sample_directory;

int
sample_open(void **state)
{
	sample_directory = scratch_directory();
	*state = repository_open_writer(sample_directory, "main", MASTER, IDENTIFIER);
	return 0;
}

int
sample_close(void **state)
{
	repository_close(*state);
	return 0;
}

Manifest *
sample_manifest(const char *id, Cipher cipher)
{
	Manifest   *manifest = pg_malloc0(sizeof(Manifest));

	strlcpy(manifest->id, id, BACKUP_ID_SIZE);
	assert_true(backup_id_parse(id, NULL, &manifest->type));
	manifest->cluster = "main";
	manifest->system_identifier = IDENTIFIER;
	manifest->server_version = 150018;
	manifest->engine_version = "1.0";
	manifest->started_ms = time_now_ms();
	manifest->finished_ms = manifest->started_ms + 1000;
	manifest->compression.method = COMPRESSION_ZSTD;
	manifest->compression.level = 1;
	manifest->cipher = cipher;
	manifest->verified_depth = VERIFY_ARCHIVE;
	return manifest;
}

/*
 * Puts an object of DATA_SIZE bytes, or of a few, into a backup.
 */
static void
add_object(BackupWriter *writer, ObjectKind kind, const char *name,
		   const char *database)
{
	ObjectWriter *object = object_begin(writer, kind, name, database);
	ManifestObject *entry;

	if (kind == OBJECT_DUMP)
	{
		char	   *data = compressible_data(DATA_SIZE);

		write_in_pieces(object->chain, data, DATA_SIZE, 100000);
		pg_free(data);
	}
	else
		sink_write(object->chain, "a few bytes", 11);
	entry = object_finish(writer, object);
	if (kind == OBJECT_DUMP)
	{
		entry->toc_entries = 3;
		sha256_hex("", 0, entry->toc_sha256);
	}
}

BackupWriter *
sample_begin(Repository *repository, const char *id, Cipher cipher)
{
	BackupWriter *writer = backup_prepare(repository, sample_manifest(id, cipher), 2);

	backup_begin(writer);
	add_object(writer, OBJECT_GLOBALS, "globals.sql", NULL);
	add_object(writer, OBJECT_DATABASES, "databases.json", NULL);
	add_object(writer, OBJECT_DUMP, "erp.dump", "erp");
	return writer;
}

void
sample_backup(Repository *repository, const char *id, Cipher cipher)
{
	backup_publish(sample_begin(repository, id, cipher));
}

char *
sample_path(const char *id, const char *name)
{
	return psprintf("%s/main/backup/%s/%s", sample_directory, id, name);
}

void
sample_add_event(Repository *repository, const char *id, EventKind kind,
				 const char *key, const char *value)
{
	Backup	   *backup = backup_load(repository, id);
	Event		event = {kind, INT64CONST(1795370400123), (char *) key, (char *) value};

	backup_add_event(repository, id, backup, &event);
}

void
assert_reads_back(Repository *repository, const Backup *backup)
{
	const Manifest *manifest = backup->manifest;
	char	   *data;
	size_t		len;
	int64		done = 0;
	Sink	   *memory;

	for (int i = 0; i < manifest->object_count; i++)
		object_verify_digest(repository, manifest->id, &manifest->objects[i],
							 true, &done, NULL);
	assert_int_equal(done, manifest_stored_size(manifest));

	memory = memory_sink(&data, &len, DATA_SIZE, "dump");
	object_read(repository, backup, manifest_dump(manifest, "erp"), memory);
	sink_release(memory);
	assert_int_equal(len, DATA_SIZE);
	assert_int_equal(manifest_dump(manifest, "erp")->size, DATA_SIZE);

	memory = memory_sink(&data, &len, 100, "globals");
	object_read(repository, backup, manifest_object(manifest, OBJECT_GLOBALS), memory);
	sink_release(memory);
	assert_string_equal(data, "a few bytes");
}

static void
load_backup(void *argument)
{
	Target	   *target = argument;

	backup_load(target->repository, target->id);
}

void
expect_load_failure(Repository *repository, const char *id, FailureKind kind,
					const char *message_part)
{
	Target		target = {repository, id};

	expect_failure(kind, message_part, load_backup, &target);
}

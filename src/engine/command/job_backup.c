/*
 * Makes a logical backup.
 */
#include "command/backup_run.h"

#include <openssl/crypto.h>

#include "common/version.h"
#include "database/catalog.h"
#include "job_state.h"
#include "protocol.h"

/* How much smaller than its database a dump may be. */
#define PLAIN_DIVISOR 2
#define COMPRESSED_DIVISOR 10

/*
 * The type of the backup, which its identifier names too.
 */
static BackupType
backup_type(json_t *job)
{
	const char *word = job_required_text(job, "type");
	BackupType	type;
	BackupType	type_in_id;

	if (!backup_type_parse(word, &type) || !backup_type_is_logical(type))
		fail(FAILURE_USAGE, "Valid types are \"full\", \"schema\" and \"data\".",
			 "cannot make a backup of type \"%s\"", word);
	if (!backup_id_parse(job_backup_id(job), NULL, &type_in_id) || type_in_id != type)
		fail(FAILURE_USAGE, NULL, "\"%s\" is not the identifier of a backup of type \"%s\"",
			 job_backup_id(job), word);
	return type;
}

/*
 * Reads what the job says, so that what makes no sense is found at once.
 */
static void
read_settings(BackupRun *run)
{
	json_t	   *job = run->job;

	run->depth = job_depth(job);
	run->dump.type = backup_type(job);
	run->dump.bindir = job_bindir(job);
	run->dump.address = job_server_address(job);
	run->dump.lock_wait_timeout_ms = (int) job_integer(job, "lock_wait_timeout_ms", 0);
}

/*
 * Connects, and lists the databases with a first guess of their size.
 */
static void
find_databases(BackupRun *run)
{
	int			wanted_count;
	char	  **wanted = job_databases(run->job, &wanted_count);

	run->connection = job_connect(&run->dump.address);
	run->databases = catalog_databases(run->connection, wanted, wanted_count,
									   &run->database_count);
	run->expected = pg_malloc0((run->database_count + 1) * sizeof(int64));
	if (run->dump.type == BACKUP_SCHEMA)
		return;
	for (int i = 0; i < run->database_count; i++)
	{
		const char *params[] = {run->databases[i]};
		PGresult   *rows = query_or_fail(run->connection,
										 "SELECT pg_catalog.pg_database_size($1::pg_catalog.name)",
										 1, params);

		run->expected[i] = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
		PQclear(rows);
	}
}

/*
 * How the job wants backups to be compressed.
 */
static Compression
wanted_compression(const BackupRun *run)
{
	const char *word = job_required_text(run->job, "compression");
	Compression compression;
	const char *problem;

	if (!compression_parse(word, &compression, &problem))
		fail(FAILURE_USAGE, problem, "there is no compression \"%s\"", word);
	return compression;
}

/*
 * What a backup of these databases takes at least, as a rule, when there was
 * none of its kind before.  Databases have indexes and free space too, which a
 * dump has not; one that turns out larger is stopped in time.
 */
static int64
first_backup_bytes(const BackupRun *run)
{
	int64		bytes = 0;

	for (int i = 0; i < run->database_count; i++)
		bytes += run->expected[i];
	return bytes / (wanted_compression(run).method == COMPRESSION_NONE ?
					PLAIN_DIVISOR : COMPRESSED_DIVISOR);
}

/*
 * Fails if the backup does not fit into the repository any more, as far as
 * the last one of its kind, or else the size of the databases, tells.
 */
static void
require_space(const BackupRun *run)
{
	int64		expected = job_integer(run->job, "expected_bytes", 0);

	if (expected <= 0)
		expected = first_backup_bytes(run);
	job_send_space(run->repository);
	job_require_space(run->job, run->repository, expected);
}

/*
 * A copy of a text that may be NULL.
 */
static char *
copy_text(const char *value)
{
	return value == NULL ? NULL : pg_strdup(value);
}

/*
 * What is known of the backup before it is made.
 */
static Manifest *
make_manifest(const BackupRun *run)
{
	json_t	   *server = json_object_get(run->job, "server");
	Manifest   *manifest = pg_malloc0(sizeof(Manifest));

	strlcpy(manifest->id, job_backup_id(run->job), sizeof(manifest->id));
	manifest->type = run->dump.type;
	manifest->cluster = pg_strdup(run->repository->cluster);
	manifest->system_identifier = pg_strdup(job_required_text(server, "system_identifier"));
	manifest->server_version = job_server_version(run->job);
	manifest->engine_version = pg_strdup(ERPGO_BACKUP_VERSION);
	manifest->started_ms = time_now_ms();
	manifest->compression = wanted_compression(run);
	manifest->cipher = job_cipher(run->job, run->repository);
	manifest->label = copy_text(job_text(run->job, "label"));
	manifest->schedule = copy_text(job_text(run->job, "schedule"));
	manifest->scope_known = true;
	manifest->scope = job_databases(run->job, &manifest->scope_count);
	return manifest;
}

/*
 * Fails if the master key does not open the cluster's, or there is nothing to
 * open yet and a new one cannot be stored: better before a folder is taken.
 */
static void
check_key(Repository *repository)
{
	ClusterKey	key = cluster_key_current(repository->store, repository->prefix,
										  repository->master_key, true);

	OPENSSL_cleanse(&key, sizeof(key));
}

/*
 * How many processes compress.  With a fast method one is ahead of pg_dump,
 * and more of them only cost switches.
 */
static int
compressing_processes(const Compression *compression, int jobs)
{
	switch (compression->method)
	{
		case COMPRESSION_NONE:
			return 1;
		case COMPRESSION_LZ4:
			return compression->level <= 2 ? 1 : jobs;
		case COMPRESSION_ZSTD:
			return compression->level <= 2 ? 1 : jobs;
		case COMPRESSION_GZIP:
			break;
	}
	return jobs;
}

/*
 * Says, as long as there is progress, that the folder is ours.
 */
static void
renew_claim(void *writer)
{
	backup_renew(writer);
}

/*
 * Takes the backup's folder.  From now on it is ours to remove.
 */
static void
begin_backup(BackupRun *run)
{
	Manifest   *manifest = make_manifest(run);

	if (manifest->cipher != CIPHER_NONE)
		check_key(run->repository);
	job_state_note_backup(BACKUP_BEGINNING);
	run->writer = backup_begin(run->repository, manifest,
							   compressing_processes(&manifest->compression,
													 (int) job_integer(run->job, "jobs", 1)));
	job_state_note_backup(BACKUP_BEGUN);
	progress_set_companion(renew_claim, run->writer);
}

/*
 * Stores roles and tablespaces, which pg_dumpall writes.
 */
static void
store_globals(BackupRun *run, Program *program)
{
	ObjectWriter *object = object_begin(run->writer, OBJECT_GLOBALS, "globals.sql", NULL);
	char		buffer[65536];
	size_t		len;

	while ((len = program_read(program, buffer, sizeof(buffer))) > 0)
		sink_write(object->chain, buffer, len);
	program_finish(program, "roles and tablespaces");
	object_finish(run->writer, object);
}

/*
 * Stores what else there is to know of the databases, and takes leave of the
 * server as a whole.
 */
static void
store_properties(BackupRun *run)
{
	ObjectWriter *object = object_begin(run->writer, OBJECT_DATABASES, "databases.json", NULL);
	json_t	   *properties = catalog_database_properties(run->connection, run->databases,
														 run->database_count);
	char	   *content = json_dumps(properties, JSON_INDENT(2));

	sink_write(object->chain, content, strlen(content));
	object_finish(run->writer, object);
	free(content);
	json_decref(properties);
	PQfinish(run->connection);
	run->connection = NULL;
}

/*
 * Reads back everything that was stored.
 */
static void
read_back(BackupRun *run, const Backup *backup)
{
	backup_verify(run->repository, backup, run->depth,
				  program_path(run->dump.bindir, "pg_restore"), true);
	backup->manifest->verified_depth = run->depth;
}

/*
 * Writes the manifest: now the backup exists.
 */
static void
publish(BackupRun *run)
{
	progress_report("publishing", NULL, run->bytes_done, run->bytes_done);
	progress_set_companion(NULL, NULL);
	run->writer->manifest->finished_ms = time_now_ms();
	backup_publish(run->writer);
}

json_t *
job_backup(json_t *job)
{
	BackupRun	run = {.job = job};
	Backup		backup = {0};
	Program    *globals;

	progress_report("starting", NULL, 0, 0);
	read_settings(&run);
	run.repository = job_owned_repository(job);
	job_require_outside(job);
	find_databases(&run);
	require_space(&run);

	/* They take a while to start, and so do we. */
	globals = dump_globals_start(&run.dump, PQdb(run.connection));
	databases_start(&run);
	begin_backup(&run);
	progress_report("dumping", NULL, 0, 0);
	store_properties(&run);
	store_globals(&run, globals);
	databases_store(&run);

	backup.manifest = run.writer->manifest;
	strlcpy(backup.data_key, run.writer->data_key, sizeof(backup.data_key));
	read_back(&run, &backup);
	publish(&run);
	job_send_space(run.repository);
	job_send_backup(backup_to_json(&backup));
	return json_object();
}

/*
 * Makes a logical backup.
 */
#include "command/backup_run.h"

#include "database/catalog.h"
#include "protocol.h"

/* How much smaller than its database a dump may be. */
#define PLAIN_DIVISOR 2
#define COMPRESSED_DIVISOR 10

/*
 * Reads what the job says, so that what makes no sense is found at once.
 */
static void
read_settings(BackupRun *run)
{
	json_t	   *job = run->job;

	run->dump.type = job_backup_type(job);
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
	return bytes / (job_compression(run->job).method == COMPRESSION_NONE ?
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
	job_send_space(run->repository, NULL);
	job_require_space(run->job, run->repository, expected);
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
 * Takes the backup's folder.
 */
static void
begin_backup(BackupRun *run)
{
	Manifest   *manifest = job_manifest(run->job, run->repository);
	int			workers = compressing_processes(&manifest->compression,
												(int) job_integer(run->job, "jobs", 1));

	run->writer = job_begin_backup(run->repository, manifest, workers);
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

json_t *
job_backup(json_t *job)
{
	BackupRun	run = {.job = job};
	Program    *globals;

	if (!backup_type_is_logical(job_backup_type(job)))
		return job_backup_physical(job);
	progress_report("starting", NULL, 0, 0);
	read_settings(&run);
	run.repository = job_owned_repository(job);
	job_require_outside(job);
	find_databases(&run);
	require_space(&run);

	/* They take a while to start, and so do we. */
	databases_start(&run);
	globals = dump_globals_start(&run.dump, PQdb(run.connection));
	begin_backup(&run);
	progress_report("dumping", NULL, 0, 0);
	store_properties(&run);
	store_globals(&run, globals);
	databases_store(&run);

	job_finish_backup(job, run.writer, run.bytes_done);
	return json_object();
}

/*
 * Stores the dump of one database.
 *
 * A transaction of ours shows what the database has while pg_dump starts;
 * pg_dump then sees the same, and its table of contents is compared.  pg_dump
 * takes a while to begin, so it is started while something else is stored.
 */
#include "command/backup_run.h"

#include "common/object_name.h"
#include "database/catalog.h"
#include "database/table_sizes.h"
#include "database/toc.h"
#include "protocol.h"

/* A dump under way. */
struct DatabaseDump
{
	int			index;			/* of the database in the list */
	const char *database;
	PGconn	   *snapshot;		/* holds it until pg_dump does; then NULL */
	Oid		   *relations;
	int			relation_count;
	TableSize  *tables;			/* the largest */
	int			table_count;
	Program    *program;
	TocReader  *toc;
	Sink	   *toc_sink;
	ObjectWriter *object;
};

/*
 * Begins a transaction that shows the database at one moment, and looks at
 * what it has.  Returns the snapshot's name, allocated.
 */
static char *
take_snapshot(BackupRun *run, DatabaseDump *dump)
{
	PGresult   *rows;
	char	   *name;

	dump->snapshot = connect_or_fail(server_conninfo(&run->dump.address, dump->database));
	execute_or_fail(dump->snapshot, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
	rows = query_or_fail(dump->snapshot, "SELECT pg_catalog.pg_export_snapshot()", 0, NULL);
	name = pg_strdup(PQgetvalue(rows, 0, 0));
	PQclear(rows);
	dump->relations = catalog_relations(dump->snapshot, &dump->relation_count);
	if (run->dump.type != BACKUP_SCHEMA)
		run->expected[dump->index] = catalog_expected_bytes(dump->snapshot);
	return name;
}

/*
 * Closes the transaction, if it is still open: an old one holds back vacuum.
 */
static void
release_snapshot(DatabaseDump *dump)
{
	if (dump->snapshot != NULL)
		PQfinish(dump->snapshot);
	dump->snapshot = NULL;
}

/*
 * Begins the object of the dump.
 */
static ObjectWriter *
begin_object(BackupRun *run, const char *database)
{
	size_t		size = strlen(database) * 3 + 1;
	char	   *escaped = pg_malloc(size);
	ObjectWriter *object;

	if (!object_name_escape(database, escaped, size))
		fail(FAILURE_INTERNAL, NULL, "could not make a name for the dump of database \"%s\"",
			 database);
	object = object_begin(run->writer, OBJECT_DUMP, psprintf("%s.dump", escaped), database);
	pg_free(escaped);
	return object;
}

/*
 * Starts pg_dump for a database; NULL if there is none of that index.
 */
static DatabaseDump *
start_dump(BackupRun *run, int index)
{
	DatabaseDump *dump;
	char	   *snapshot;

	if (index >= run->database_count)
		return NULL;
	dump = pg_malloc0(sizeof(DatabaseDump));
	dump->index = index;
	dump->database = run->databases[index];
	snapshot = take_snapshot(run, dump);
	dump->program = dump_database_start(&run->dump, dump->database, snapshot);
	pg_free(snapshot);

	/* pg_dump takes a while to start. */
	if (run->dump.type != BACKUP_SCHEMA)
		dump->tables = table_sizes(dump->snapshot, &dump->table_count);
	return dump;
}

/*
 * Makes what takes the output of pg_dump.
 */
static void
open_receivers(BackupRun *run, DatabaseDump *dump)
{
	dump->toc = toc_reader_start(program_path(run->dump.bindir, "pg_restore"), NULL);
	dump->toc_sink = toc_reader_sink(dump->toc);
	dump->object = begin_object(run, dump->database);
}

/*
 * Reports progress: what is known of the finished dumps, and what is thought
 * of the others.
 */
static void
report_dumping(const BackupRun *run, int index, int64 dumped)
{
	int64		expected = run->bytes_done + Max(run->expected[index], dumped);

	for (int i = index + 1; i < run->database_count; i++)
		expected += run->expected[i];
	progress_report("dumping", run->databases[index], run->bytes_done + dumped,
					run->dump.type == BACKUP_SCHEMA ? 0 : expected);
}

/*
 * Starts the next dump if this one is about to end, as far as its expected size
 * tells.  Not earlier: a transaction that waits holds back vacuum.
 */
static void
prepare_next(BackupRun *run, const DatabaseDump *dump, int64 dumped)
{
	if (run->next == NULL && dumped >= run->expected[dump->index] / 10 * 9)
		run->next = start_dump(run, dump->index + 1);
}

/*
 * Stores what pg_dump writes, and shows it to pg_restore as long as that
 * wants to see it.
 */
static void
pass_on(BackupRun *run, DatabaseDump *dump)
{
	char	   *buffer = pg_malloc(FRAME_SIZE);
	int64		dumped = 0;
	size_t		len;

	report_dumping(run, dump->index, 0);
	while ((len = program_read(dump->program, buffer, FRAME_SIZE)) > 0)
	{
		/* pg_dump writes only after it has taken the snapshot over. */
		release_snapshot(dump);
		sink_write(dump->object->chain, buffer, len);
		if (!toc_reader_is_satisfied(dump->toc))
			sink_write(dump->toc_sink, buffer, len);
		dumped += len;
		report_dumping(run, dump->index, dumped);
		prepare_next(run, dump, dumped);
	}
	release_snapshot(dump);
	pg_free(buffer);
	program_finish(dump->program, psprintf("database \"%s\"", dump->database));
	run->bytes_done += dumped;
}

/*
 * Compares the table of contents with what the database had.
 */
static void
check_contents(const BackupRun *run, DatabaseDump *dump, ManifestObject *entry)
{
	Toc		   *toc;
	Oid			missing = InvalidOid;

	sink_finish(dump->toc_sink);
	sink_release(dump->toc_sink);
	toc = toc_reader_finish(dump->toc, entry->name);
	if (run->dump.type != BACKUP_DATA)
		missing = toc_missing_relation(toc, dump->relations, dump->relation_count);
	if (missing != InvalidOid)
		fail(FAILURE_DAMAGED, NULL, "dump of database \"%s\" lacks relation with OID %u",
			 dump->database, missing);
	entry->toc_entries = toc->count;
	strlcpy(entry->toc_sha256, toc->sha256, sizeof(entry->toc_sha256));
	toc_free(toc);
	pg_free(dump->relations);
}

void
databases_start(BackupRun *run)
{
	run->next = start_dump(run, 0);
}

void
databases_store(BackupRun *run)
{
	while (run->next != NULL)
	{
		DatabaseDump *dump = run->next;
		ManifestObject *entry;

		run->next = NULL;
		open_receivers(run, dump);
		pass_on(run, dump);
		prepare_next(run, dump, INT64_MAX);
		entry = object_finish(run->writer, dump->object);
		entry->tables = dump->tables;
		entry->table_count = dump->table_count;
		check_contents(run, dump, entry);
		pg_free(dump);
	}
}

/*
 * A standby that is backed up from the command line.
 */
#include "command/standby.h"

#include <unistd.h>

#include "common/physical_query.h"
#include "protocol.h"

#define APPLICATION "erpgo_backup backup"

#define POSTMASTER_FILE "postmaster.pid"

/* Two reads of pg_control that are equal were not torn. */
#define CONTROL_READS 10

#define IDENTITY_QUERY \
	"SELECT pg_catalog.pg_is_in_recovery()," \
	" (SELECT system_identifier FROM pg_catalog.pg_control_system())," \
	" pg_catalog.current_setting('data_directory')," \
	" pg_catalog.current_setting('server_version_num')," \
	" pg_catalog.pg_read_file('" POSTMASTER_FILE "')"

#define CONTROL_QUERY \
	"SELECT pg_catalog.encode(pg_catalog.pg_read_binary_file('global/pg_control'), 'hex')"

/*
 * The value of a column in the first row.
 */
static const char *
value(const PGresult *rows, int column)
{
	return PQgetvalue(rows, 0, column);
}

/*
 * Reads a small file of the data directory; allocated.
 */
static char *
read_small_file(const char *data_directory, const char *name)
{
	char	   *path = psprintf("%s/%s", data_directory, name);
	char	   *content = pg_malloc0(BLCKSZ);
	FILE	   *file = fopen(path, "r");

	if (file == NULL)
		fail_errno("could not open file \"%s\"", path);
	(void) !fread(content, 1, BLCKSZ - 1, file);
	fclose(file);
	pg_free(path);
	return content;
}

/*
 * Fails unless the server runs in the data directory that is here: a path
 * alone may be that of another machine, or container.
 */
static void
require_here(const Standby *standby, const char *postmaster)
{
	char	   *ours = read_small_file(standby->data_directory, POSTMASTER_FILE);

	if (strcmp(ours, postmaster) != 0)
		fail(FAILURE_STATE, "Run this on the machine of the standby.",
			 "data directory \"%s\" is not that of the server", standby->data_directory);
	pg_free(ours);
}

void
standby_open(Standby *standby, const char *conninfo)
{
	PGresult   *rows;

	standby->connection = connect_or_fail(conninfo_with_database(conninfo, "postgres", APPLICATION));
	rows = query_or_fail(standby->connection, IDENTITY_QUERY, 0, NULL);
	if (strcmp(value(rows, 0), "t") != 0)
		fail(FAILURE_STATE, "Run SELECT erpgo_backup_run('physical') there.",
			 "the server is not a standby");
	standby->system_identifier = pg_strdup(value(rows, 1));
	standby->data_directory = pg_strdup(value(rows, 2));
	standby->version = atoi(value(rows, 3));
	require_here(standby, value(rows, 4));
	PQclear(rows);
}

/*
 * Keeps the WAL, if a slot is free; if not, the backup fails where WAL is
 * removed before it was stored.
 */
static void
reserve_wal(const Standby *standby)
{
	const char *params[] = {standby->slot};
	PGresult   *rows = query_or_fail(standby->connection, PHYSICAL_HAS_SLOT, 0, NULL);

	if (PQntuples(rows) == 0)
		notice("warning", "The backup fails if WAL is removed before it was stored. Increase max_replication_slots.",
			   "no replication slot is free to keep the WAL");
	else
		PQclear(query_or_fail(standby->connection, PHYSICAL_RESERVE_WAL, 1, params));
	PQclear(rows);
}

/*
 * The tablespaces, as the engine wants to be told.
 */
static json_t *
list_tablespaces(const Standby *standby)
{
	PGresult   *rows = query_or_fail(standby->connection, PHYSICAL_TABLESPACES, 0, NULL);
	json_t	   *list = json_array();

	for (int i = 0; i < PQntuples(rows); i++)
		json_array_append_new(list, json_pack("{s:I, s:o}",
											  "oid", (json_int_t) strtoul(PQgetvalue(rows, i, 0), NULL, 10),
											  "location", json_text(PQgetvalue(rows, i, 1))));
	PQclear(rows);
	return list;
}

/*
 * The configuration files outside of the data directory.
 */
static json_t *
list_config_files(const Standby *standby)
{
	PGresult   *rows = query_or_fail(standby->connection, PHYSICAL_CONFIG_FILES, 0, NULL);
	json_t	   *list = json_array();

	for (int i = 0; i < PQntuples(rows); i++)
		json_array_append_new(list, json_text(PQgetvalue(rows, i, 0)));
	PQclear(rows);
	return list;
}

/*
 * The size of a segment of WAL, in bytes.
 */
static json_int_t
wal_segment_bytes(const Standby *standby)
{
	PGresult   *rows = query_or_fail(standby->connection,
									 "SELECT bytes_per_wal_segment FROM pg_catalog.pg_control_init()",
									 0, NULL);
	json_int_t	bytes = strtoll(value(rows, 0), NULL, 10);

	PQclear(rows);
	return bytes;
}

/*
 * Begins the backup.  A standby has no checkpoint of its own to wait for.
 */
static json_t *
start(const Standby *standby)
{
	const char *params[] = {standby->label, "true"};
	PGresult   *rows;
	json_t	   *answer;

	reserve_wal(standby);
	rows = query_or_fail(standby->connection, PHYSICAL_START, 2, params);
	answer = json_pack("{s:o, s:o, s:b, s:i, s:I, s:o, s:o}",
					   "start_lsn", json_text(value(rows, 0)),
					   "config_directory", json_text(value(rows, 1)),
					   "checksums", strcmp(value(rows, 2), "on") == 0,
					   "block_size", BLCKSZ,
					   "wal_segment_size", wal_segment_bytes(standby),
					   "tablespaces", list_tablespaces(standby),
					   "config_files", list_config_files(standby));
	PQclear(rows);
	return answer;
}

/*
 * Reads pg_control, in hexadecimal, until two reads are equal; allocated.
 */
static char *
read_control(const Standby *standby)
{
	char	   *last = pg_strdup("");

	for (int i = 0; i < CONTROL_READS; i++)
	{
		PGresult   *rows = query_or_fail(standby->connection, CONTROL_QUERY, 0, NULL);
		bool		same = strcmp(value(rows, 0), last) == 0;

		pg_free(last);
		last = pg_strdup(value(rows, 0));
		PQclear(rows);
		if (same)
			return last;
	}
	fail(FAILURE_STATE, "Try again.", "file \"%s/global/pg_control\" changes all the time",
		 standby->data_directory);
}

/*
 * Ends the backup.  The server fails that if it was promoted meanwhile.
 */
static json_t *
stop(const Standby *standby)
{
	char	   *control = read_control(standby);
	PGresult   *rows = query_or_fail(standby->connection, PHYSICAL_STOP, 0, NULL);
	json_t	   *answer = json_pack("{s:o, s:o, s:o, s:o}",
								   "stop_lsn", json_text(value(rows, 0)),
								   "label", json_text(value(rows, 1)),
								   "tablespace_map", json_text(value(rows, 2)),
								   "control", json_text(control));

	PQclear(rows);
	pg_free(control);
	return answer;
}

/*
 * Lets the WAL go.
 */
static json_t *
release(const Standby *standby)
{
	const char *params[] = {standby->slot};

	PQclear(query_or_fail(standby->connection, PHYSICAL_RELEASE_WAL, 1, params));
	return json_object();
}

json_t *
standby_ask(void *context, const char *request)
{
	if (strcmp(request, "start") == 0)
		return start(context);
	return strcmp(request, "stop") == 0 ? stop(context) : release(context);
}

/*
 * What the manifest of a physical backup says in addition.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "repository/manifest.h"
#include "repository/record.h"

/* As many texts of positions can be used at the same time. */
#define LSN_TEXTS 4
#define LSN_TEXT_SIZE 32

/* Sizes of segments of WAL and of blocks that the server can be built for. */
#define SEGMENT_SIZE_MIN (1024 * 1024)
#define SEGMENT_SIZE_MAX (1024 * 1024 * 1024)
#define BLOCK_SIZE_MIN 1024
#define BLOCK_SIZE_MAX 32768

const char *
lsn_text(uint64 lsn)
{
	static char texts[LSN_TEXTS][LSN_TEXT_SIZE];
	static int	next = 0;

	next = (next + 1) % LSN_TEXTS;
	snprintf(texts[next], LSN_TEXT_SIZE, "%X/%X", (uint32) (lsn >> 32), (uint32) lsn);
	return texts[next];
}

bool
lsn_parse(const char *word, uint64 *lsn)
{
	uint32		high;
	uint32		low;

	if (word == NULL || sscanf(word, "%8X/%8X", &high, &low) != 2)
		return false;
	*lsn = (uint64) high << 32 | low;
	return strcmp(lsn_text(*lsn), word) == 0;
}

/*
 * The pages that did not match their checksums.
 */
static json_t *
bad_pages_to_json(const PhysicalBackup *physical)
{
	json_t	   *pages = json_array();

	for (int i = 0; i < physical->bad_pages_named; i++)
		json_array_append_new(pages, json_pack("{s:o, s:I}",
											   "path", record_string(physical->bad_pages[i].path, "path"),
											   "block", (json_int_t) physical->bad_pages[i].block));
	return pages;
}

/*
 * The tablespaces.
 */
static json_t *
tablespaces_to_json(const PhysicalBackup *physical)
{
	json_t	   *tablespaces = json_array();

	for (int i = 0; i < physical->tablespace_count; i++)
		json_array_append_new(tablespaces, json_pack("{s:I, s:o}",
													 "oid", (json_int_t) physical->tablespaces[i].oid,
													 "location", record_string(physical->tablespaces[i].location,
																			   "location of a tablespace")));
	return tablespaces;
}

json_t *
physical_to_json(const PhysicalBackup *physical)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:b, s:I, s:o, s:o, s:n}",
					 "timeline", (json_int_t) physical->timeline,
					 "start_lsn", lsn_text(physical->start_lsn),
					 "stop_lsn", lsn_text(physical->stop_lsn),
					 "checkpoint_lsn", lsn_text(physical->checkpoint_lsn),
					 "wal_segment_size", (json_int_t) physical->wal_segment_size,
					 "block_size", (json_int_t) physical->block_size,
					 "checksums", (int) physical->checksums,
					 "bad_page_count", (json_int_t) physical->bad_page_count,
					 "bad_pages", bad_pages_to_json(physical),
					 "tablespaces", tablespaces_to_json(physical),
					 "parent");
}

/*
 * Fails because something about the manifest is not as it must be.
 */
static void
check(bool holds, const char *name, const char *problem)
{
	if (!holds)
		fail(FAILURE_DAMAGED, NULL, "manifest \"%s\" is damaged: %s", name, problem);
}

/*
 * A member that is an integer in a range, which only the sizes of powers of
 * two have besides.
 */
static int64
get_integer(json_t *json, const char *key, int64 least, int64 most, const char *name)
{
	json_t	   *value = json_object_get(json, key);

	check(json_is_integer(value) && json_integer_value(value) >= least &&
		  json_integer_value(value) <= most, name,
		  psprintf("\"%s\" is missing or out of range", key));
	return json_integer_value(value);
}

/*
 * A member that is a position in the WAL.
 */
static uint64
get_lsn(json_t *json, const char *key, const char *name)
{
	uint64		lsn = 0;

	check(lsn_parse(json_string_value(json_object_get(json, key)), &lsn), name,
		  psprintf("\"%s\" is not a position in the WAL", key));
	return lsn;
}

/*
 * A member that is an array of at most so many elements.
 */
static json_t *
get_array(json_t *json, const char *key, size_t most, const char *name)
{
	json_t	   *array = json_object_get(json, key);

	check(json_is_array(array) && json_array_size(array) <= most, name,
		  psprintf("\"%s\" is not an array, or too long", key));
	return array;
}

/*
 * A member that is a text and not empty; a copy.
 */
static char *
get_text(json_t *json, const char *key, const char *name)
{
	const char *value = json_string_value(json_object_get(json, key));

	check(value != NULL && value[0] != '\0', name,
		  psprintf("\"%s\" is missing or empty", key));
	return pg_strdup(value);
}

/*
 * Reads the pages that did not match their checksums.
 */
static void
read_bad_pages(PhysicalBackup *physical, json_t *json, const char *name)
{
	json_t	   *pages = get_array(json, "bad_pages", BAD_PAGE_LIMIT, name);
	size_t		i;
	json_t	   *page;

	physical->bad_page_count = get_integer(json, "bad_page_count", 0, PG_INT64_MAX, name);
	physical->bad_pages_named = (int) json_array_size(pages);
	check(physical->bad_pages_named <= physical->bad_page_count, name,
		  "\"bad_page_count\" is smaller than the number of \"bad_pages\"");
	physical->bad_pages = pg_malloc0((physical->bad_pages_named + 1) * sizeof(BadPage));
	json_array_foreach(pages, i, page)
	{
		physical->bad_pages[i].path = get_text(page, "path", name);
		physical->bad_pages[i].block = get_integer(page, "block", 0, PG_UINT32_MAX, name);
	}
}

/*
 * Reads the tablespaces.
 */
static void
read_tablespaces(PhysicalBackup *physical, json_t *json, const char *name)
{
	json_t	   *tablespaces = get_array(json, "tablespaces", PG_INT32_MAX, name);
	size_t		i;
	json_t	   *tablespace;

	physical->tablespace_count = (int) json_array_size(tablespaces);
	physical->tablespaces = pg_malloc0((physical->tablespace_count + 1) *
									   sizeof(BackupTablespace));
	json_array_foreach(tablespaces, i, tablespace)
	{
		BackupTablespace *entry = &physical->tablespaces[i];

		entry->oid = (Oid) get_integer(tablespace, "oid", 1, PG_UINT32_MAX, name);
		entry->location = get_text(tablespace, "location", name);
		check(is_absolute_path(entry->location), name,
			  "the location of a tablespace is not an absolute path");
	}
}

PhysicalBackup *
physical_parse(json_t *json, const char *name)
{
	PhysicalBackup *physical = pg_malloc0(sizeof(PhysicalBackup));
	json_t	   *checksums = json_object_get(json, "checksums");

	check(json_is_object(json), name, "\"physical\" is not an object");
	physical->timeline = (uint32) get_integer(json, "timeline", 1, PG_UINT32_MAX, name);
	physical->start_lsn = get_lsn(json, "start_lsn", name);
	physical->stop_lsn = get_lsn(json, "stop_lsn", name);
	physical->checkpoint_lsn = get_lsn(json, "checkpoint_lsn", name);
	check(physical->start_lsn <= physical->checkpoint_lsn &&
		  physical->checkpoint_lsn <= physical->stop_lsn, name,
		  "the checkpoint is not between \"start_lsn\" and \"stop_lsn\"");
	physical->wal_segment_size = get_integer(json, "wal_segment_size", SEGMENT_SIZE_MIN,
											 SEGMENT_SIZE_MAX, name);
	physical->block_size = get_integer(json, "block_size", BLOCK_SIZE_MIN,
									   BLOCK_SIZE_MAX, name);
	check((physical->wal_segment_size & (physical->wal_segment_size - 1)) == 0 &&
		  (physical->block_size & (physical->block_size - 1)) == 0, name,
		  "\"wal_segment_size\" or \"block_size\" is not a power of two");
	check(json_is_boolean(checksums), name, "\"checksums\" is not a boolean");
	physical->checksums = json_is_true(checksums);
	check(json_is_null(json_object_get(json, "parent")), name, "\"parent\" is not null");
	read_bad_pages(physical, json, name);
	read_tablespaces(physical, json, name);
	return physical;
}

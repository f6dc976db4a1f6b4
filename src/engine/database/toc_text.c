/*
 * What the lines of "pg_restore --list" mean:
 *
 *   <dump id>; <catalog> <oid> <TYPE> <schema or "-"> <name> <owner>
 *
 * Nothing in them is quoted, so names are taken apart only as far as needed.
 */
#include "database/toc_text.h"

#include <ctype.h>

#include "failure.h"
#include "lib/stringinfo.h"

/* The catalog of relations, the same in every version. */
#define PG_CLASS 1259

#define EXTENSION_NAME "erpgo_backup"

/*
 * Reads digits and what must follow them; false if they are not there.
 */
static bool
take_number(const char **position, unsigned long *number, const char *after)
{
	char	   *end;

	if (!isdigit((unsigned char) **position))
		return false;
	errno = 0;
	*number = strtoul(*position, &end, 10);
	if (errno != 0 || *number > PG_UINT32_MAX ||
		strncmp(end, after, strlen(after)) != 0)
		return false;
	*position = end + strlen(after);
	return true;
}

/*
 * Reads one line, which becomes the entry's; false if it is no entry.
 */
static bool
parse_entry(char *line, TocEntry *entry)
{
	const char *rest = line;
	unsigned long dump_id;
	unsigned long catalog;
	unsigned long oid;

	if (!take_number(&rest, &dump_id, "; ") ||
		!take_number(&rest, &catalog, " ") ||
		!take_number(&rest, &oid, " ") ||
		dump_id == 0 || dump_id > PG_INT32_MAX)
		return false;
	entry->dump_id = (int) dump_id;
	entry->catalog = (Oid) catalog;
	entry->oid = (Oid) oid;
	entry->line = line;
	entry->description = rest;
	return true;
}

/*
 * Appends the entry of a line.
 */
static void
add_entry(Toc *toc, char *line, const char *object_name)
{
	if ((toc->count & (toc->count + 1)) == 0)
		toc->entries = pg_realloc(toc->entries,
								  (2 * toc->count + 1) * sizeof(TocEntry));
	if (!parse_entry(line, &toc->entries[toc->count]))
		fail(FAILURE_DAMAGED, NULL,
			 "object \"%s\" is damaged: its table of contents has the line \"%s\"",
			 object_name, line);
	toc->count++;
}

/*
 * Computes the digest of a table of contents.
 */
static void
digest_entries(Toc *toc)
{
	StringInfoData numbers;

	initStringInfo(&numbers);
	for (int i = 0; i < toc->count; i++)
		appendStringInfo(&numbers, "%u %u\n", toc->entries[i].catalog,
						 toc->entries[i].oid);
	sha256_hex(numbers.data, numbers.len, toc->sha256);
	pfree(numbers.data);
}

Toc *
toc_parse(const char *list, const char *object_name)
{
	Toc		   *toc = pg_malloc0(sizeof(Toc));

	while (*list != '\0')
	{
		size_t		len = strcspn(list, "\n");

		if (len > 0 && *list != ';')
			add_entry(toc, pnstrdup(list, len), object_name);
		list += len;
		if (*list == '\n')
			list++;
	}
	digest_entries(toc);
	return toc;
}

void
toc_free(Toc *toc)
{
	for (int i = 0; i < toc->count; i++)
		pg_free(toc->entries[i].line);
	pg_free(toc->entries);
	pg_free(toc);
}

/*
 * Compares OIDs for qsort.
 */
static int
compare_oids(const void *left, const void *right)
{
	Oid			a = *(const Oid *) left;
	Oid			b = *(const Oid *) right;

	return (a > b) - (a < b);
}

Oid
toc_missing_relation(const Toc *toc, const Oid *relations, int count)
{
	Oid		   *present = pg_malloc((toc->count + 1) * sizeof(Oid));
	Oid			missing = InvalidOid;
	int			present_count = 0;

	for (int i = 0; i < toc->count; i++)
	{
		if (toc->entries[i].catalog == PG_CLASS)
			present[present_count++] = toc->entries[i].oid;
	}
	qsort(present, present_count, sizeof(Oid), compare_oids);
	for (int i = 0; i < count && missing == InvalidOid; i++)
	{
		if (bsearch(&relations[i], present, present_count, sizeof(Oid),
					compare_oids) == NULL)
			missing = relations[i];
	}
	pg_free(present);
	return missing;
}

/*
 * Does a text begin with this word, followed by a space or the end?
 */
static bool
begins_with_word(const char *line, const char *word)
{
	size_t		len = strlen(word);

	return strncmp(line, word, len) == 0 &&
		(line[len] == ' ' || line[len] == '\0');
}

/*
 * The text behind the words in capitals that a description begins with.
 */
static const char *
skip_type(const char *line)
{
	for (;;)
	{
		size_t		len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (len == 0 || line[len] != ' ')
			return line;
		line += len + 1;
	}
}

/*
 * Is this what PostgreSQL writes of privileges, comments and labels?
 */
static bool
is_about_another_entry(const char *description)
{
	return begins_with_word(description, "ACL") ||
		begins_with_word(description, "COMMENT") ||
		begins_with_word(description, "SECURITY LABEL");
}

/*
 * Is this description, of something outside schemas, that of the extension or
 * of its schema, or about one of them?
 */
static bool
is_extension_or_schema(const char *description)
{
	static const char *const ways[] = {
		"EXTENSION - " EXTENSION_NAME,
		"SCHEMA - " EXTENSION_NAME,
		"ACL - EXTENSION " EXTENSION_NAME,
		"ACL - SCHEMA " EXTENSION_NAME,
		"COMMENT - EXTENSION " EXTENSION_NAME,
		"COMMENT - SCHEMA " EXTENSION_NAME,
		"SECURITY LABEL - EXTENSION " EXTENSION_NAME,
		"SECURITY LABEL - SCHEMA " EXTENSION_NAME
	};

	for (int i = 0; i < lengthof(ways); i++)
	{
		if (begins_with_word(description, ways[i]))
			return true;
	}
	return false;
}

bool
toc_entry_is_of_extension(const TocEntry *entry)
{
	const char *schema = skip_type(entry->description);
	const char *name;

	if (begins_with_word(schema, "-"))
		return is_extension_or_schema(entry->description);
	if (begins_with_word(schema, EXTENSION_NAME))
		return true;
	if (!is_about_another_entry(entry->description))
		return false;

	/* "ACL public FUNCTION erpgo_backup_run(text) postgres" */
	name = skip_type(schema + strcspn(schema, " ") + 1);
	return strncmp(name, EXTENSION_NAME "_", strlen(EXTENSION_NAME "_")) == 0;
}

bool
toc_has_extension(const Toc *toc)
{
	for (int i = 0; i < toc->count; i++)
	{
		if (begins_with_word(toc->entries[i].description,
							 "EXTENSION - " EXTENSION_NAME))
			return true;
	}
	return false;
}

/*
 * Findings: JSON objects with a status, what they concern, a message, and a
 * hint or null.
 */
#include "postgres_fe.h"

#include "command/finding.h"
#include "command/human.h"

/*
 * A text of a finding; NULL for null.
 */
static const char *
finding_text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

void
findings_print(const json_t *rows, const Column columns[FINDING_COLUMNS],
			   const char *subject)
{
	Table	   *table = table_begin(columns, FINDING_COLUMNS);

	for (size_t i = 0; i < json_array_size(rows); i++)
	{
		const json_t *row = json_array_get(rows, i);
		const char *hint = finding_text(row, "hint");

		table_add(table, printable_text(finding_text(row, "status")));
		table_add(table, printable_text(finding_text(row, subject)));
		table_add(table, printable_text(finding_text(row, "message")));
		if (hint == NULL)
			continue;
		table_add(table, pstrdup(""));
		table_add(table, pstrdup("  hint"));
		table_add(table, printable_text(hint));
	}
	table_print(table);
}

bool
findings_have(const json_t *rows, const char *status)
{
	for (size_t i = 0; i < json_array_size(rows); i++)
	{
		if (strcmp(finding_text(json_array_get(rows, i), "status"), status) == 0)
			return true;
	}
	return false;
}

/*
 * Tables of texts on standard output.
 */
#include "postgres_fe.h"

#include "command/table.h"

#include "command/human.h"
#include "lib/stringinfo.h"

struct Table
{
	const Column *columns;
	int			column_count;
	char	  **cells;
	int			cell_count;
	int		   *widths;
};

Table *
table_begin(const Column *columns, int count)
{
	Table	   *table = pg_malloc0(sizeof(Table));

	table->columns = columns;
	table->column_count = count;
	table->widths = pg_malloc(count * sizeof(int));
	for (int i = 0; i < count; i++)
		table->widths[i] = display_width(columns[i].heading);
	return table;
}

void
table_add(Table *table, char *cell)
{
	int			column = table->cell_count % table->column_count;

	if (column == 0)
		table->cells = pg_realloc(table->cells,
								  (table->cell_count + table->column_count) *
								  sizeof(char *));
	table->cells[table->cell_count++] = cell;
	table->widths[column] = Max(table->widths[column], display_width(cell));
}

/*
 * Prints one row, without the spaces that its end would have.
 */
static void
print_row(const Table *table, char *const *cells)
{
	StringInfoData line;

	initStringInfo(&line);
	for (int i = 0; i < table->column_count; i++)
	{
		int			padding = table->widths[i] - display_width(cells[i]);
		bool		to_the_right = table->columns[i].to_the_right;

		appendStringInfo(&line, "%s%*s%s%*s", i > 0 ? "  " : "",
						 to_the_right ? padding : 0, "", cells[i],
						 to_the_right ? 0 : padding, "");
	}
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	puts(line.data);
	pfree(line.data);
}

void
table_print(Table *table)
{
	char	  **headings = pg_malloc(table->column_count * sizeof(char *));

	for (int i = 0; i < table->column_count; i++)
		headings[i] = unconstify(char *, table->columns[i].heading);
	print_row(table, headings);
	for (int i = 0; i < table->cell_count; i += table->column_count)
		print_row(table, &table->cells[i]);

	for (int i = 0; i < table->cell_count; i++)
		pfree(table->cells[i]);
	pg_free(headings);
	pg_free(table->cells);
	pg_free(table->widths);
	pg_free(table);
}

/*
 * Prints when cron expressions run, for a comparison with another cron.
 *
 * Reads lines of a moment, an offset from UTC in seconds, and an expression,
 * separated by single blanks; for each it prints a line with the next five
 * runs (or fewer if there are no more), or "refused: " and the reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cron.h"

#define RUNS 5

static int32_t
fixed_offset(const void *context, int64_t moment)
{
	(void) moment;
	return *(const int32_t *) context;
}

static void
print_runs(const char *text, int32_t offset, int64_t moment)
{
	Clock		clock = {fixed_offset, &offset};
	Cron		cron;
	const char *problem;

	if (!cron_parse(text, &cron, &problem))
	{
		printf("refused: %s\n", problem);
		return;
	}
	for (int i = 0; i < RUNS; i++)
	{
		if (!cron_next(&cron, &clock, moment, &moment))
			break;
		printf("%s%" PRId64, (i > 0) ? " " : "", moment);
	}
	printf("\n");
}

int
main(void)
{
	char		line[1024];

	while (fgets(line, sizeof(line), stdin) != NULL)
	{
		int64_t		moment;
		int32_t		offset;
		int			length = 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNd64 " %" SCNd32 "%n", &moment, &offset,
				   &length) != 2 || line[length] != ' ')
		{
			fprintf(stderr, "cron_runs: not a line that it reads: \"%s\"\n",
					line);
			return EXIT_FAILURE;
		}
		print_runs(line + length + 1, offset, moment);
	}
	return EXIT_SUCCESS;
}

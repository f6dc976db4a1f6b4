/*
 * Metrics in the format of OpenMetrics 1.0.
 *
 * It differs from Prometheus' older format where a counter is described: its
 * samples have a suffix that its own name lacks.  Quotes in descriptions are
 * escaped, and the end is marked.
 */
#include "postgres_fe.h"

#include "lib/stringinfo.h"
#include "listener/openmetrics.h"

#define COUNTER_SUFFIX "_total"

/*
 * How much of a name is that of the metric and not a counter's suffix.
 */
static size_t
stem_length(const char *name, size_t len)
{
	size_t		suffix = strlen(COUNTER_SUFFIX);

	if (len > suffix && strncmp(name + len - suffix, COUNTER_SUFFIX, suffix) == 0)
		return len - suffix;
	return len;
}

/*
 * Appends the rest of a line, quotes escaped.
 */
static void
append_escaped(StringInfo target, const char *words, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (words[i] == '"')
			appendStringInfoChar(target, '\\');
		appendStringInfoChar(target, words[i]);
	}
}

/*
 * Appends a line that describes a metric: "# HELP name text", "# TYPE name
 * type".  All have the same length up to the name.
 */
static void
append_description(StringInfo target, const char *line, size_t len)
{
	size_t		start = strlen("# HELP ");
	size_t		name_len = strcspn(line + start, " \n");

	appendBinaryStringInfo(target, line, (int) start);
	appendBinaryStringInfo(target, line + start,
						   (int) stem_length(line + start, name_len));
	append_escaped(target, line + start + name_len, len - start - name_len);
}

char *
openmetrics_from_text(const char *metrics)
{
	StringInfoData result;

	initStringInfo(&result);
	while (*metrics != '\0')
	{
		size_t		len = strcspn(metrics, "\n");

		if (strncmp(metrics, "# HELP ", 7) == 0 || strncmp(metrics, "# TYPE ", 7) == 0)
			append_description(&result, metrics, len);
		else
			appendBinaryStringInfo(&result, metrics, (int) len);
		appendStringInfoChar(&result, '\n');
		metrics += len + (metrics[len] == '\n');
	}
	appendStringInfoString(&result, "# EOF\n");
	return result.data;
}

/*
 * What object storage answers in XML.
 */
#include "postgres_fe.h"

#include <expat.h>
#include <limits.h>

#include "failure.h"
#include "lib/stringinfo.h"
#include "store/s3_xml.h"

#define DEPTH_LIMIT 8
#define NAME_LIMIT 64
/* A name of 1,024 bytes, each of them escaped, is shorter. */
#define TEXT_LIMIT 8192

typedef struct Reading
{
	XML_Parser	parser;
	S3ElementReader read;
	void	   *context;
	char		names[DEPTH_LIMIT + 1][NAME_LIMIT]; /* the first one is empty */
	int			depth;
	bool		refused;
	StringInfoData text;
} Reading;

/*
 * Ends the reading as a failure.
 */
static void
refuse(Reading *reading)
{
	reading->refused = true;
	(void) XML_StopParser(reading->parser, XML_FALSE);
}

/*
 * Nobody who answers honestly declares a type, and entities with it.
 */
static void
refuse_doctype(void *context, const XML_Char *name, const XML_Char *system,
			   const XML_Char *public, int has_subset)
{
	refuse(context);
}

static void
begin_element(void *context, const XML_Char *name, const XML_Char **attributes)
{
	Reading    *reading = context;

	if (reading->depth == DEPTH_LIMIT || strlen(name) >= NAME_LIMIT)
	{
		refuse(reading);
		return;
	}
	strlcpy(reading->names[++reading->depth], name, NAME_LIMIT);
	resetStringInfo(&reading->text);
}

static void
end_element(void *context, const XML_Char *name)
{
	Reading    *reading = context;

	/* The end of an empty element follows even if its start was refused. */
	if (reading->refused)
		return;
	reading->read(reading->context, reading->names[reading->depth - 1], name,
				  reading->text.data);
	resetStringInfo(&reading->text);
	reading->depth--;
}

static void
add_text(void *context, const XML_Char *piece, int len)
{
	Reading    *reading = context;

	if (reading->text.len + len > TEXT_LIMIT)
		refuse(reading);
	else
		appendBinaryStringInfo(&reading->text, piece, len);
}

bool
s3_xml_read(const char *document, size_t len, S3ElementReader read,
			void *context)
{
	Reading		reading = {.read = read, .context = context};
	bool		success;

	reading.parser = XML_ParserCreate(NULL);
	if (reading.parser == NULL)
		fail(FAILURE_INTERNAL, NULL, "out of memory");
	initStringInfo(&reading.text);
	XML_SetUserData(reading.parser, &reading);
	XML_SetElementHandler(reading.parser, begin_element, end_element);
	XML_SetCharacterDataHandler(reading.parser, add_text);
	XML_SetStartDoctypeDeclHandler(reading.parser, refuse_doctype);
	success = len <= INT_MAX &&
		XML_Parse(reading.parser, document, (int) len, XML_TRUE) == XML_STATUS_OK;
	XML_ParserFree(reading.parser);
	pg_free(reading.text.data);
	return success;
}

char *
s3_xml_escape(const char *from)
{
	StringInfoData escaped;

	initStringInfo(&escaped);
	for (; *from != '\0'; from++)
	{
		if (strchr("&<>\"'", *from) != NULL)
			appendStringInfo(&escaped, "&#%d;", *from);
		else
			appendStringInfoChar(&escaped, *from);
	}
	return escaped.data;
}

/*
 * What object storage answers in XML.
 *
 * A hostile server must not get anything out of a parser: entities cannot be
 * declared, and depth and length have limits.
 */
#ifndef ERPGO_ENGINE_STORE_S3_XML_H
#define ERPGO_ENGINE_STORE_S3_XML_H

#include "postgres_fe.h"

/*
 * Called at the end of each element, after the elements in it: its name, that
 * of the element around it ("" for the outermost), and its own text.
 */
typedef void (*S3ElementReader) (void *context, const char *around,
								 const char *name, const char *text);

/* Reads a document; false if it is not one, or breaks the limits. */
extern bool s3_xml_read(const char *document, size_t len,
						S3ElementReader read, void *context);

/* A text with what XML gives a meaning replaced; allocated. */
extern char *s3_xml_escape(const char *from);

#endif

/*
 * What the lines of "pg_restore --list" mean.
 */
#ifndef ERPGO_ENGINE_DATABASE_TOC_TEXT_H
#define ERPGO_ENGINE_DATABASE_TOC_TEXT_H

#include "database/toc.h"

/*
 * Reads the output of "pg_restore --list".  A line that is no entry is
 * FAILURE_DAMAGED, naming the object.
 */
extern Toc *toc_parse(const char *list, const char *object_name);

/*
 * Is this the extension erpgo_backup, something in its schema, or a comment,
 * privilege or label of one of its objects?
 */
extern bool toc_entry_is_of_extension(const TocEntry *entry);

/* Does the table of contents have the extension itself? */
extern bool toc_has_extension(const Toc *toc);

#endif

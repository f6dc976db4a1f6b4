/*
 * The table of contents of a pg_dump archive, as "pg_restore --list" shows it.
 */
#ifndef ERPGO_ENGINE_DATABASE_TOC_H
#define ERPGO_ENGINE_DATABASE_TOC_H

#include "repository/repository.h"

typedef struct TocEntry
{
	int			dump_id;
	Oid			catalog;		/* OID of the catalog, 0 for data */
	Oid			oid;			/* of the object, 0 for some */
	char	   *line;			/* the whole line */
	const char *description;	/* in line, from the type word on */
} TocEntry;

typedef struct Toc
{
	TocEntry   *entries;
	int			count;
	char		sha256[SHA256_HEX_SIZE];	/* over "catalog oid\n" of each */
} Toc;

/*
 * A sink that gives a plain archive to "pg_restore --list" until that has
 * read enough.  With copy_path not NULL the same bytes, at most a pipe's
 * buffer more than the table of contents, are written to that new 0600 file.
 * Whoever wants the whole archive too sets the sink's next one: all bytes are
 * passed on to it.
 */
typedef struct TocReader TocReader;
extern TocReader *toc_reader_start(const char *pg_restore,
								   const char *copy_path);
extern Sink *toc_reader_sink(TocReader *reader);

/* Has pg_restore read enough?  What comes later is dropped. */
extern bool toc_reader_is_satisfied(const TocReader *reader);

/*
 * Waits for pg_restore and reads its list.  FAILURE_DAMAGED, naming the
 * object, if it does not take this for an archive.
 */
extern Toc *toc_reader_finish(TocReader *reader, const char *object_name);
extern void toc_free(Toc *toc);

/*
 * The table of contents of a dump in a repository; no more of that is read
 * than needed.
 */
extern Toc *toc_of_object(Repository *repository, const Backup *backup,
						  const ManifestObject *object, const char *pg_restore,
						  const char *copy_path);

/*
 * The first of the relations (ascending OIDs) that the table of contents
 * lacks; 0 if it has all.  The entries looked at are those of the catalog
 * pg_class for a dump with definitions.
 */
extern Oid	toc_missing_relation(const Toc *toc, const Oid *relations,
								 int count);

#endif

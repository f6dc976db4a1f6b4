/*
 * Where tablespaces go that do not go back to where they were.
 */
#ifndef ERPGO_ENGINE_CLUSTER_TABLESPACE_MAPPING_H
#define ERPGO_ENGINE_CLUSTER_TABLESPACE_MAPPING_H

#include "postgres_fe.h"

typedef struct TablespaceMapping
{
	char	   *from;			/* absolute paths */
	char	   *to;
	bool		used;
} TablespaceMapping;

/*
 * Reads "OLD=NEW", in which "\=" stands for an equals sign in a path.  False
 * unless both are absolute paths.
 */
extern bool tablespace_mapping_parse(const char *argument, TablespaceMapping *mapping);

/* Where a location is mapped to; itself if it is not. */
extern const char *tablespace_mapping_apply(TablespaceMapping *mappings, int count,
											const char *location);

/* Is a path the other one, or below it?  Both are absolute and canonical. */
extern bool path_is_within(const char *path, const char *folder);

#endif

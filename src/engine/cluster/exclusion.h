/*
 * What a physical backup leaves out: the same as the server's own base backup,
 * whose lists are equal in all versions that there are.
 */
#ifndef ERPGO_ENGINE_CLUSTER_EXCLUSION_H
#define ERPGO_ENGINE_CLUSTER_EXCLUSION_H

#include "postgres_fe.h"

/* Is a file or folder with this name, anywhere, left out altogether? */
extern bool is_excluded_name(const char *name);

/*
 * Is a file left out because of its path, relative to the data directory?
 * pg_control is: the server hands it over.
 */
extern bool is_excluded_path(const char *path);

/* Is the content of a folder left out, and the folder kept? */
extern bool is_emptied_folder(const char *path);

#endif

/*
 * Where files are, decided without touching what may hang: the repository's
 * own path is never opened by the server.
 */
#ifndef ERPGO_SERVER_LOCATION_H
#define ERPGO_SERVER_LOCATION_H

#include "postgres.h"

/*
 * The folder of this server (data directory or tablespace) that a path lies
 * in, allocated; NULL if it lies outside of all.
 */
extern char *location_in_cluster(const char *path);

/* Are both paths on the same mounted file system, as far as it is known? */
extern bool location_same_filesystem(const char *a, const char *b);

/*
 * Throws an error if the repository or the secrets file lies among the
 * server's own files: it would be part of backups, or be lost with them.
 */
extern void location_require_outside(void);

#endif

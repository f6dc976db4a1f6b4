/*
 * Small files that somebody configured: secrets, keys, certificates.
 */
#ifndef ERPGO_ENGINE_REPOSITORY_SMALL_FILE_H
#define ERPGO_ENGINE_REPOSITORY_SMALL_FILE_H

#include "postgres_fe.h"

/* Such a file is a few lines. */
#define SMALL_FILE_LIMIT (64 * 1024)

/*
 * Reads a regular file whole, into SMALL_FILE_LIMIT + 1 bytes, allocated, with
 * a terminating zero; *len of them count.  what is for messages, as "secrets
 * file".
 */
extern char *small_file_read(const char *what, const char *path, size_t *len);

/*
 * The same for one that holds a secret: it must be owned by this user or root,
 * with no permission for others and none to write for the group, else
 * FAILURE_PERMISSION.
 */
extern char *secret_file_read(const char *what, const char *path, size_t *len);

/*
 * The same for one that holds no secret, but that others could do harm with:
 * nobody but this user and root may be able to write it, else
 * FAILURE_PERMISSION.
 */
extern char *trusted_file_read(const char *what, const char *path, size_t *len);

/* Overwrites what was read, and frees it. */
extern void small_file_forget(char *content);

#endif

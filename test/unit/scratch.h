/*
 * A directory for one test program, gone when the program ends.
 */
#ifndef ERPGO_TEST_UNIT_SCRATCH_H
#define ERPGO_TEST_UNIT_SCRATCH_H

#include "postgres_fe.h"

/* Makes another empty directory; its path without a slash at the end. */
extern char *scratch_directory(void);

/* Writes a file whole, mode 0600; what was there before is gone. */
extern void scratch_write(const char *path, const void *data, size_t len);

/* Reads a file whole; *len may be NULL. */
extern char *scratch_read(const char *path, size_t *len);

/* How many files, not folders, there are beneath a directory. */
extern int	scratch_count_files(const char *path);

#endif

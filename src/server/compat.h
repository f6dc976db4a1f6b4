/*
 * What differs between the major versions of PostgreSQL, in one place.  The
 * interfaces that this library uses are the same in all that it supports.
 */
#ifndef ERPGO_SERVER_COMPAT_H
#define ERPGO_SERVER_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "erpgo_backup needs PostgreSQL 15 or newer"
#endif

/*
 * Makes the library an archive library, by three functions: whether it is
 * configured, one that archives a file, and one for the end.  From 16 on the
 * callbacks are given a state, which we have no use for.
 */
#if PG_VERSION_NUM >= 160000
#include "archive/archive_module.h"

#define ARCHIVE_MODULE(is_configured, archive_file, shut_down) \
static bool \
is_configured##_callback(ArchiveModuleState *state) \
{ \
	return is_configured(); \
} \
static bool \
archive_file##_callback(ArchiveModuleState *state, const char *file, const char *path) \
{ \
	return archive_file(file, path); \
} \
static void \
shut_down##_callback(ArchiveModuleState *state) \
{ \
	shut_down(); \
} \
const ArchiveModuleCallbacks * \
_PG_archive_module_init(void) \
{ \
	static ArchiveModuleCallbacks callbacks; \
 \
	callbacks.check_configured_cb = is_configured##_callback; \
	callbacks.archive_file_cb = archive_file##_callback; \
	callbacks.shutdown_cb = shut_down##_callback; \
	return &callbacks; \
}
#else
#include "postmaster/pgarch.h"

extern PGDLLEXPORT void _PG_archive_module_init(ArchiveModuleCallbacks *callbacks);

#define ARCHIVE_MODULE(is_configured, archive_file, shut_down) \
void \
_PG_archive_module_init(ArchiveModuleCallbacks *callbacks) \
{ \
	callbacks->check_configured_cb = is_configured; \
	callbacks->archive_file_cb = archive_file; \
	callbacks->shutdown_cb = shut_down; \
}
#endif

#endif

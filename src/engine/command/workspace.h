/*
 * A private folder for files that are gone when this process has ended.
 */
#ifndef ERPGO_ENGINE_COMMAND_WORKSPACE_H
#define ERPGO_ENGINE_COMMAND_WORKSPACE_H

#include "postgres_fe.h"

/*
 * Makes the folder, once a process, which only this user can read; parent
 * NULL means the system's temporary folder.
 */
extern void workspace_create(const char *parent);

/* The path of a file in it; allocated. */
extern char *workspace_path(const char *name);

#endif

/*
 * The settings that say where repositories are.
 */
#ifndef ERPGO_SERVER_REPOSITORY_SETTINGS_H
#define ERPGO_SERVER_REPOSITORY_SETTINGS_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "common/repository_list.h"

/* Defines the settings; to be called while the server starts. */
extern void repository_settings_define(void);

/* The URL of the repository that receives backups; allocated. */
extern char *settings_repository(void);

/*
 * All repositories that are in effect: that one first, then those that receive
 * copies; allocated.
 */
extern RepositoryList *settings_repositories(void);

/* Appends them as a JSON array, for the engine. */
extern void repository_list_to_json(StringInfo json);

/* What is called the name of a repository: its place in the list, from 1 on. */
extern char *repository_name(int index);

/*
 * Throws an error unless there are further repositories, and one of that name;
 * NULL is any.
 */
extern void repository_require_further(const RepositoryList *list, const char *name);

#endif

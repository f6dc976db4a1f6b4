/*
 * Values of settings as pg_db_role_setting holds them.
 */
#ifndef ERPGO_ENGINE_DATABASE_SETTING_H
#define ERPGO_ENGINE_DATABASE_SETTING_H

#include "postgres_fe.h"

/*
 * Is the value a list of identifiers, which SET takes one by one?  Extensions
 * cannot define such settings.
 */
extern bool setting_is_list(const char *name);

/*
 * Takes such a list apart: identifiers with commas between, in double quotes
 * where needed.  An array that ends with NULL, or NULL if the value is not
 * such a list; allocated.
 */
extern char **setting_list_split(const char *value);

#endif

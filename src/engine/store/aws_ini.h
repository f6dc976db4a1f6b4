/*
 * The files in which the AWS tools keep profiles.
 */
#ifndef ERPGO_ENGINE_STORE_AWS_INI_H
#define ERPGO_ENGINE_STORE_AWS_INI_H

#include "postgres_fe.h"

/*
 * The value of a key in a section of such a file, allocated; NULL if there is
 * none.  With key NULL: the section's name, if there is such a section.
 * Indented lines belong to the setting above them, and are passed over.
 */
extern char *aws_ini_value(const char *content, const char *section,
						   const char *key);

#endif

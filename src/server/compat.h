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

#endif

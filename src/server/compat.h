/*
 * What differs between the major versions of PostgreSQL, in one place.
 */
#ifndef ERPGO_SERVER_COMPAT_H
#define ERPGO_SERVER_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "erpgo_backup needs PostgreSQL 15 or newer"
#endif

/* VARDATA and its kin moved out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif

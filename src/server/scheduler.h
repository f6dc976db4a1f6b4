/*
 * The scheduler: the one static background worker of the extension.
 */
#ifndef ERPGO_SERVER_SCHEDULER_H
#define ERPGO_SERVER_SCHEDULER_H

#include "postgres.h"

/* Registers the worker; called while the server starts. */
extern void scheduler_register(void);

extern PGDLLEXPORT void erpgo_backup_scheduler_main(Datum unused);

#endif

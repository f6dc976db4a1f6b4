/*
 * The scheduler: the one static background worker of the extension.
 */
#ifndef ERPGO_SERVER_SCHEDULER_H
#define ERPGO_SERVER_SCHEDULER_H

#include "postgres.h"

/* Registers the worker; called while the server starts. */
extern void scheduler_register(void);

/* Wakes it when the current transaction commits. */
extern void scheduler_wake_at_commit(void);

extern PGDLLEXPORT void erpgo_backup_scheduler_main(Datum unused);

#endif

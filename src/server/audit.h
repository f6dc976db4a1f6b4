/*
 * The record of who did what.
 */
#ifndef ERPGO_SERVER_AUDIT_H
#define ERPGO_SERVER_AUDIT_H

#include "job_slot.h"

/* Adds an entry about a request, within SPI.  message may be NULL. */
extern void audit_add(const JobRequest *request, const char *action,
					  const char *outcome, const char *message);

#endif

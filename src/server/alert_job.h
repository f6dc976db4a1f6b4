/*
 * What a job worker does about alerts.
 */
#ifndef ERPGO_SERVER_ALERT_JOB_H
#define ERPGO_SERVER_ALERT_JOB_H

#include "engine_protocol.h"
#include "history.h"

/*
 * What a delivery is to deliver: a JSON array of alerts, allocated, and
 * whether the heartbeat URL is to be called.  Within a transaction.
 */
extern char *alert_job_batch(bool *heartbeat);

/* Notes what the engine says of a delivery of an alert by one channel. */
extern void alert_job_take_row(const EngineMessage *message);

/*
 * Notes the end of a job as far as alerts depend on it: of a delivery, and of
 * what leaves no other record of its success.
 */
extern void alert_job_end(const JobRequest *request, const JobEnd *end);

#endif

/*
 * What SQL functions share: asking for a job and waiting for it.
 */
#ifndef ERPGO_SERVER_SESSION_H
#define ERPGO_SERVER_SESSION_H

#include "postgres.h"

#include "job_slot.h"

/*
 * Throws an error, with what to do about it, unless jobs can be done here and
 * now; writes says that the repository will be changed.
 */
extern void session_require_jobs(bool writes);

/* The role that called, as SET ROLE has it. */
extern const char *session_role(void);

/* A request of this session; allocated. */
extern JobRequest *session_request(JobKind kind);

/* Fills in a text of a request; an error if it does not fit. */
extern void session_fill_text(char *buffer, size_t size, const char *value,
							  const char *what);

/*
 * The identifier of a backup that is in the repository, from what a user
 * gave: an identifier or "latest".  Allocated.
 */
extern char *session_backup_id(const char *given);

/*
 * Throws an error if a job, which messages call so, might wait for its own
 * caller: nothing would find that deadlock.
 */
extern void session_refuse_blocking_caller(const char *what);

/*
 * Waits until a job of which the caller is a waiter is finished, takes what
 * it left, and is no waiter any more.  An interrupt ends the waiting and,
 * with cancels, the job.  The job's own error is not thrown.
 */
extern void session_await(JobSlot *slot, bool cancels, JobOutcome *outcome,
						  char **payload);

/*
 * Asks for a job, waits for it, shows its warnings, and throws its error.
 */
extern void session_do(JobRequest *request, int64 newer_than,
					   JobOutcome *outcome);

/*
 * Waits until no clean-up deletes backups.  Each backup is followed by one, so
 * what cannot be done at the same time would often be refused.
 */
extern void session_await_cleanup(void);

/* Throws the error that an outcome is; nothing if it is none. */
extern void session_throw(const JobOutcome *outcome);

/* Shows the warnings that a job left to the client. */
extern void session_show_warnings(const char *payload);

#endif

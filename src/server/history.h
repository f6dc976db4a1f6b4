/*
 * The tables of schema erpgo_backup: what ran and what there is.
 *
 * Every function that writes is a transaction of its own; none may be called
 * inside one.
 */
#ifndef ERPGO_SERVER_HISTORY_H
#define ERPGO_SERVER_HISTORY_H

#include "job_slot.h"

/* The states of an attempt, and those of a backup that a job gives it. */
#define JOB_END_OK "ok"
#define JOB_END_FAILED "failed"
#define JOB_END_CANCELLED "cancelled"
#define JOB_END_INTERRUPTED "interrupted"

/* How a job ended, as the history is told. */
typedef struct JobEnd
{
	const char *status;
	const JobOutcome *outcome;
	const char *phase;			/* in which it ended; "" if in none */
	int64		bytes;			/* done in that phase */
	bool		damaged;		/* a verification found damage */
	bool		leftovers;		/* a backup may have left objects */
	bool		is_retried;		/* the backup is tried again */
	const char *backup_json;	/* what the engine says of a new backup */
	const char *result_json;	/* what it says of a copy */
} JobEnd;

/* --- each a transaction --- */

/* Runs a statement whose arguments are texts; NULL ones are null. */
extern void history_execute(const char *statement, int nargs,
							const char *const *args);

/* Notes that a job begins: the rows exist before anything else happens. */
extern void history_begin(const JobRequest *request);

/* Notes that a backup is being read back. */
extern void history_verifying(const char *id);

/* Takes over what the engine says of a backup, as JSON text. */
extern void history_take_backup(const char *json);

/* Notes how a job ended, in backup, attempt and audit. */
extern void history_end(const JobRequest *request, const JobEnd *end);

/* Notes in the audit that a job was cancelled by a role. */
extern void history_cancelled(const JobRequest *request, const char *role);

/*
 * Notes that what is in the catalog but was not seen in the repository since
 * a time is not there.  The identifiers, allocated; *count of them.
 */
extern char **history_missing(TimestampTz since, int *count);

/* Identifiers of backups that look as if they were running; allocated. */
extern char **history_unfinished(int *count);

/* Notes that a backup was interrupted, unless it ended meanwhile. */
extern void history_interrupted(const char *id);

/*
 * Identifiers of backups that may have left objects; allocated.  Only those
 * of this timeline: a promoted standby or restored copy must not remove what
 * the server that it came from is making.
 */
extern char **history_leftovers(int *count);

/*
 * The copies that have begun, by what the catalog says: pairs of an identifier
 * and a URL, allocated; *count of texts.
 */
extern char **history_copies_begun(int *count);

/* Notes that a copy was interrupted, unless it ended meanwhile. */
extern void history_copy_interrupted(const char *id, const char *target);

/* Notes that a backup has left nothing. */
extern void history_discarded(const char *id);

/* --- within a transaction --- */

/* Does the extension exist in this database? */
extern bool history_exists(void);

/* Throws an error if the extension does not exist in this database. */
extern void history_require(void);

/* The time in the newest identifier, 0 if there is none. */
extern int64 history_newest_time(void);

/*
 * The identifier of the newest backup that is in the repository; NULL if
 * there is none.  Allocated.
 */
extern char *history_latest(void);

/*
 * The status of a backup and what went wrong with it, seen with a fresh
 * snapshot; false if it is unknown.  outcome may be NULL.
 */
extern bool history_status(const char *id, char status[JOB_WORD_SIZE],
						   JobOutcome *outcome);

#endif

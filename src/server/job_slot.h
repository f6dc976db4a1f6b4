/*
 * Jobs in shared memory: what sessions ask for, what workers are doing, and
 * how it ended.
 *
 * A slot goes from free over requested (a session filled it in), starting
 * (the scheduler registered a worker) and running (the worker took it) to
 * finished; it becomes free again when nobody waits for it any more.  From
 * running it goes to waiting where the job is to be tried again, and at the
 * time for that to requested.  A
 * request that the scheduler does not look at for 30 s ends with an error.
 */
#ifndef ERPGO_SERVER_JOB_SLOT_H
#define ERPGO_SERVER_JOB_SLOT_H

#include "postgres.h"

#include <netdb.h>

#include "access/xlogdefs.h"
#include "datatype/timestamp.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/lwlock.h"

#include "common/backup_id.h"
#include "common/repository_list.h"
#include "common/verify_depth.h"

/*
 * Jobs that can be active at the same time.  One slot is for the delivery of
 * alerts alone, so that neither keeps the other from its work.
 */
#define JOB_COMMON_SLOTS 8
#define JOB_SLOTS (JOB_COMMON_SLOTS + 1)

/* Bounds of what a request can hold. */
#define JOB_DATABASES_SIZE 16384
#define JOB_TEXT_SIZE 1024
#define JOB_WORD_SIZE 64

/* Lines that a job leaves for the session that waits for it. */
#define JOB_PAYLOAD_SIZE (32 * 1024)

typedef enum JobKind
{
	JOB_BACKUP,
	JOB_VERIFY,
	JOB_SYNC,
	JOB_ADOPT,					/* becomes the owner of the folder */
	JOB_EVENT,
	JOB_CHECK,
	JOB_WINDOW,					/* finds the recovery windows */
	JOB_NOTIFY,
	JOB_RECOVER,
	JOB_EXPIRE,
	JOB_METRICS,				/* writes the metrics file */
	JOB_MEASURE,				/* sees how much room there is */
	JOB_TAIL,					/* archives what an unfinished segment has */
	JOB_COPY,					/* brings a backup to a further repository */
	JOB_COPY_WAL				/* brings it what the WAL archive has */
} JobKind;

typedef enum JobState
{
	JOB_FREE,
	JOB_REQUESTED,
	JOB_STARTING,
	JOB_RUNNING,
	JOB_WAITING,
	JOB_FINISHED
} JobState;

/* What is asked for. */
typedef struct JobRequest
{
	JobKind		kind;
	char		id[BACKUP_ID_SIZE]; /* "" where no backup is concerned */
	int			attempt;		/* at this job, from 1 on */
	char		target[REPOSITORY_URL_SIZE];	/* the further repository that
												 * it is about; "" if none */
	BackupType	type;			/* of a backup */
	VerifyDepth depth;			/* of a verification */
	TimestampTz series_started_at;	/* of the verifications that it is one of;
									 * 0 if it is alone */
	bool		mend;			/* a copy that is there is read, and mended */
	int			database_count; /* 0: all databases */
	char		databases[JOB_DATABASES_SIZE];	/* names, each with its zero */
	char		label[JOB_TEXT_SIZE];
	char		schedule[JOB_WORD_SIZE];	/* that asked; "" if none */
	bool		has_maximum_duration;	/* another one than the setting's */
	int			maximum_duration;	/* seconds; 0 is without limit */
	char		event_kind[JOB_WORD_SIZE];
	char		event_key[JOB_WORD_SIZE];
	char		event_value[JOB_TEXT_SIZE];
	bool		dry_run;		/* a clean-up that only says what it would do */
	bool		confirm;		/* one that may delete more than half of a
								 * kind */
	char		role[NAMEDATALEN];	/* who asked */
	char		client[NI_MAXHOST]; /* and from where; "" if not a session */
} JobRequest;

typedef struct JobProgress
{
	char		phase[JOB_WORD_SIZE];
	char		database[NAMEDATALEN];
	int64		bytes_done;
	int64		bytes_expected; /* 0 if unknown */
	int64		phase_offset;	/* bytes_done when the phase began */
	TimestampTz phase_started_at;
} JobProgress;

/* How a job ended. */
typedef struct JobOutcome
{
	int			sqlstate;		/* 0 if it went well */
	char		message[JOB_TEXT_SIZE];
	char		detail[2 * JOB_TEXT_SIZE];
	char		hint[JOB_TEXT_SIZE];
	int64		count;			/* sync: backups found */
	TimestampTz finished_at;
} JobOutcome;

typedef struct JobSlot
{
	JobState	state;
	uint64		number;			/* tells one job in this slot from the next */
	int			waiters;		/* sessions that will take the outcome */
	JobRequest	request;
	bool		cancel;
	char		cancelled_by[NAMEDATALEN];
	pid_t		pid;			/* of the worker, 0 before and after */
	Latch	   *latch;			/* of the worker, or NULL */
	TimestampTz started_at;
	int64		requested_ms;	/* when, for the last time; see passing_ms */
	int64		retry_ms;		/* when to try again, while it is waiting */
	JobProgress progress;
	JobOutcome	outcome;
	size_t		payload_len;
	char		payload[JOB_PAYLOAD_SIZE];
	ConditionVariable changed;	/* broadcast when it is finished */
} JobSlot;

/* How far the WAL went at a moment. */
typedef struct WalTailPoint
{
	XLogRecPtr	lsn;			/* what was flushed */
	TimeLineID	timeline;
	TimestampTz at;				/* all that was committed then is before lsn */
} WalTailPoint;

/* What an archive has got. */
typedef struct WalArchived
{
	int64		files;			/* that the archiver has archived */
	XLogRecPtr	tail;			/* up to here the unfinished segment is there */
} WalArchived;

/* How far WAL has followed to a repository. */
typedef struct WalFollower
{
	WalArchived asked;			/* what a job is, or was, to bring it */
	TimestampTz asked_at;
	WalArchived copied;			/* what it has */
	TimestampTz copied_at;		/* when that was all that there was; 0: never */
	TimestampTz failed_at;		/* since when it fails; 0: it does not */
	int			failures;		/* in a row */
	int64		retry_ms;		/* not before that again; see passing_ms */
} WalFollower;

/* Whether a repository hears that its owner is alive. */
typedef struct OwnerRenewal
{
	bool		was_reached;	/* since the server started */
	bool		failed;			/* the last time, which the log was told */
} OwnerRenewal;

/* What is known of a further repository. */
typedef struct FurtherRepository
{
	uint64		key;			/* of its URL; 0 if there is none */
	WalFollower wal;
	OwnerRenewal owner;
} FurtherRepository;

typedef struct JobTable
{
	LWLock	   *lock;			/* protects everything here */
	pid_t		scheduler_pid;	/* 0 if it is not ready */
	Latch	   *scheduler_latch;
	bool		scheduler_wanted;	/* it was woken; a latch may be forgotten */
	bool		scheduler_connecting;	/* see scheduler.c */
	bool		repair_wanted;	/* a worker ended without recording it */
	bool		metrics_wanted; /* the metrics file is to be written anew */
	bool		metrics_failed; /* it could not be written the last time */
	bool		alerts_wanted;	/* something changed that alerts may tell of */
	bool		copies_wanted;	/* something changed that may be to be copied */
	bool		copies_released;	/* what failed may not fail any more */
	WalTailPoint tail;			/* up to here the WAL was shipped; 0 if none */
	bool		tail_failed;	/* it could not be the last time */
	FurtherRepository further[REPOSITORY_LIST_LIMIT];
	pid_t		listener_pid;	/* of the metrics listener; 0 if there is none */
	Latch	   *listener_latch;
	bool		listener_wanted;	/* it is to tell its engine what changed */
	int64		last_backup_time;	/* in the identifier given last */
	uint64		last_number;
	JobSlot		slots[JOB_SLOTS];
} JobTable;

/* NULL if the library was not preloaded. */
extern JobTable *job_table;

/* Reserves and sets up the shared memory; called while the server starts. */
extern void job_table_install_hooks(void);

/* Is a job in the slot that has not ended?  The lock is held. */
extern bool job_slot_is_active(const JobSlot *slot);

/* Copies a text into a buffer; what does not fit is cut at a character. */
extern void clip_text(char *buffer, size_t size, const char *value);

/*
 * Marks in the table, by which one process tells another that something is
 * to be done: who takes one is the one who sees to it.
 */
extern void job_mark_set(bool *mark);
extern bool job_mark_take(bool *mark);

/* --- for sessions --- */

/*
 * Asks for a job and wakes the scheduler.  A backup is given its identifier,
 * later than the time newer_than (seconds since 1970) and any given before.
 * An error if there is no room, or a job of the same kind on the same thing
 * is active.  With wait, the caller counts as a waiter.
 */
extern JobSlot *job_request(JobRequest *request, int64 newer_than, bool wait);

/*
 * The active job that makes or works on a backup, but for one that copies it;
 * NULL if there is none.
 * With wait, the caller counts as a waiter of it.
 */
extern JobSlot *job_find(const char *id, bool wait);

/*
 * An active clean-up of the first repository that deletes, counting the caller as a waiter of it; NULL
 * if there is none.
 */
extern JobSlot *job_find_cleanup(void);

/* Is a job of this kind that is about a further repository active? */
extern bool job_target_active(JobKind kind, const char *target);

/* Does an active job copy this backup there? */
extern bool job_copies(const char *id, const char *target);

/* Is a backup being made, or to be made at once? */
extern bool job_backup_active(void);

/*
 * The same as job_request, but where a job is in the way it is that which the
 * caller becomes a waiter of, and *joined is set.
 */
extern JobSlot *job_request_or_join(JobRequest *request, bool *joined);

/* Any active job but those that are over at once; id may become "". */
extern bool job_any_active(char id[BACKUP_ID_SIZE]);

/* Is there a slot for another job, not counting the one for alerts? */
extern bool job_has_room(void);

/* How many there are. */
extern int	job_free_slots(void);

/* Is a job of this kind active? */
extern bool job_kind_active(JobKind kind);

/* Tells a job to stop; who is for the record.  For waiters only. */
extern void job_cancel(JobSlot *slot, const char *who);

/* Tells the jobs on a backup to stop; false if there is none. */
extern bool job_cancel_id(const char *id, const char *who);

/* Copies what a finished job left.  For waiters only. */
extern void job_read(JobSlot *slot, JobOutcome *outcome, char **payload);

/* Counts as a waiter no more, which may free the slot. */
extern void job_leave(JobSlot *slot);

/* Is it finished?  For waiters only. */
extern bool job_is_finished(JobSlot *slot);

/* --- for the scheduler and the workers --- */

extern void scheduler_wake(void);

/* A worker is about to be registered; false if the job is asked for no more. */
extern bool job_start(JobSlot *slot);

/* Takes a slot for the calling worker; false if the job is not that one. */
extern bool job_take(JobSlot *slot, uint64 number);

/* Notes progress of the caller's job; true if the phase is another one. */
extern bool job_progress(JobSlot *slot, const JobProgress *progress);

/* Adds a line for the waiter; what does not fit is left out. */
extern void job_add_line(JobSlot *slot, const char *line);

/* Has somebody asked to stop this job? */
extern bool job_is_cancelled(JobSlot *slot);

/* Asks the scheduler to look for jobs that ended without a record. */
extern void job_want_repair(void);

/* Ends this attempt at the caller's job, which waits for the next one. */
extern void job_retry_later(JobSlot *slot, int64 delay_ms);

/*
 * Asks again for the jobs whose time to be tried again has come, or which
 * were cancelled.  Returns how long to sleep until the next such time, in
 * milliseconds; 0 if none is known.
 */
extern long job_request_retries(void);

/* Ends the job and wakes who waits for it. */
extern void job_finish(JobSlot *slot, const JobOutcome *outcome);

/* Fills in an outcome that is an error. */
extern void job_outcome_error(JobOutcome *outcome, int sqlstate,
							  const char *message, const char *detail,
							  const char *hint);

/* --- about requests --- */

/* Is it a clean-up that deletes backups? */
extern bool job_is_cleanup(const JobRequest *request);

/* Does it deliver alerts, and not a test that somebody asked for? */
extern bool job_is_delivery(const JobRequest *request);

/* Is it one of those that run by the minute, and change nothing that shows? */
extern bool job_is_frequent(JobKind kind);

/* Would the two get into each other's way? */
extern bool job_requests_conflict(const JobRequest *a, const JobRequest *b);

/* Is the end of such a job recorded? */
extern bool job_leaves_record(const JobRequest *request, bool succeeded);

/* The word for a kind of job, in static memory. */
extern const char *job_kind_name(JobKind kind);

/* Does a job leave rows for the session that waits, and not warnings? */
extern bool job_answers_in_rows(const JobRequest *request);

/* What a job is called in messages; allocated. */
extern char *job_title(const JobRequest *request);

#endif

/*
 * The tables of schedules, as the scheduler reads and writes them.
 */
#ifndef ERPGO_SERVER_SCHEDULE_TABLE_H
#define ERPGO_SERVER_SCHEDULE_TABLE_H

#include "postgres.h"

#include "utils/array.h"

#include "job_slot.h"

/* A schedule and what was noted of it. */
typedef struct ScheduleRow
{
	char	   *name;
	char	   *cron;			/* NULL: there is no such schedule any more */
	char	   *type;
	char	   *timezone;
	bool		enabled;
	bool		catch_up;
	int64		jitter;			/* seconds */
	bool		has_maximum_duration;
	int			maximum_duration;	/* seconds */
	ArrayType  *databases;		/* NULL: all */
	bool		is_noted;		/* as it is defined now */
	bool		is_planned;
	int64		planned;		/* the next run, if that is planned */
	char	   *problem;		/* why it could not run; NULL if it can */
} ScheduleRow;

/*
 * All schedules in a transaction of its own, those first that are to run
 * first; allocated, *count of them.
 */
extern ScheduleRow *schedule_load(int *count);

/*
 * Begins a transaction that does not wait long for locks, and during which the
 * extension is not dropped; false, without one, if there is no extension.
 */
extern bool schedule_begin(void);

/* Ends it. */
extern void schedule_commit(void);

/* --- within such a transaction --- */

/*
 * Locks what is noted of a schedule, so that nobody else changes it, and reads
 * the schedule anew; allocated outside of the transaction.  NULL if it and
 * what was noted are gone.
 */
extern ScheduleRow *schedule_lock(const char *name);

/* Notes the next run (NULL: none) and why the schedule cannot run, if so. */
extern void schedule_note_plan(const ScheduleRow *row, const int64 *next_run,
							   const char *problem);

/* Notes that a job was asked for. */
extern void schedule_note_run(const ScheduleRow *row, const JobRequest *request);

/* Notes, also in the audit, that a run was left out. */
extern void schedule_note_skip(const ScheduleRow *row, const char *reason);

/* Removes what was noted of a schedule that there is no more. */
extern void schedule_forget(const char *name);

#endif

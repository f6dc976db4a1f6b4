/*
 * What the processes of one job know together: a little memory that the
 * supervisor shares with all its children.
 *
 * A job has exactly one answer, whichever process gives it, and the
 * supervisor has to know what a worker had done before it was killed.
 */
#ifndef ERPGO_ENGINE_JOB_STATE_H
#define ERPGO_ENGINE_JOB_STATE_H

#include "postgres_fe.h"

typedef enum JobAnswer
{
	ANSWER_NONE,
	ANSWER_RESULT,
	ANSWER_ERROR,
	ANSWER_UNWANTED				/* nobody listens any more */
} JobAnswer;

/*
 * Shares the state with the processes that are forked from now on.  Without
 * this call, a process has a state of its own.
 */
extern void job_state_init(void);

/* Takes the right to answer; true for the first who asks, false ever after. */
extern bool job_state_claim_answer(JobAnswer answer);

/* How the job was answered. */
extern JobAnswer job_state_answer(void);

/* Whose is the folder of the backup? */
typedef enum BackupStage
{
	BACKUP_NOT_BEGUN,			/* not ours */
	BACKUP_BEGINNING,			/* it may be ours by now */
	BACKUP_BEGUN				/* ours: what is left of it may be removed */
} BackupStage;

/* Notes how far the backup has come; and tells. */
extern void job_state_note_backup(BackupStage stage);
extern BackupStage job_state_backup(void);

#endif

/*
 * One run of the engine, from its start to its end.
 */
#ifndef ERPGO_SERVER_ENGINE_RUN_H
#define ERPGO_SERVER_ENGINE_RUN_H

#include "engine_protocol.h"
#include "job_slot.h"

/* Why a run was ended from outside. */
typedef enum EngineStop
{
	ENGINE_NOT_STOPPED,
	ENGINE_CANCELLED,			/* somebody asked for it */
	ENGINE_INTERRUPTED,			/* this worker is to end */
	ENGINE_TIMED_OUT,
	ENGINE_LINGERING			/* it had nothing more to do and did not end */
} EngineStop;

typedef struct EngineRun EngineRun;

struct EngineRun
{
	/* Given by the caller. */
	JobSlot    *slot;			/* whose cancellation counts; NULL if nobody's */
	int			time_limit;		/* seconds; 0 is none */
	void		(*on_message) (const EngineMessage *message);

	/*
	 * Called before each wait, if it is not NULL: what the engine is to be
	 * told besides its job goes there.  It may set the next three.
	 */
	void		(*on_turn) (EngineRun *run);
	bool		is_unwanted;	/* the engine is to end */
	bool		has_more;		/* engine_send did not take everything */
	int			wait_ms;		/* until the next turn; 0 is a second */

	/* Filled in. */
	EngineStop	stop;
	bool		succeeded;		/* the engine sent its result */
	bool		damaged;		/* the error says that a backup is damaged */
	bool		transient;		/* another try may well succeed */
	bool		cleaned_up;		/* it knew of its end and exited by itself */
	JobOutcome	outcome;
};

/* Installs the signal handlers of a process that runs the engine. */
extern void engine_run_init(void);

/*
 * Runs the engine on a job until nothing of it is left, and says how it
 * ended.  Messages but the error go to on_message, which may be NULL.
 */
extern void engine_run(EngineRun *run, const char *description);

/*
 * While something is done for the engine that may take long, SIGTERM ends
 * this process as any other session, and a statement is canceled
 * (ERRCODE_QUERY_CANCELED) when the job is, or when the engine ends.
 */
extern void engine_run_yield(bool yields);

/* Was this worker told to end? */
extern bool worker_is_to_end(void);

#endif

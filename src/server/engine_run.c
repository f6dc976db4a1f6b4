/*
 * One run of the engine: messages are taken, interrupts served, and requests
 * to stop passed on, until nothing of it is left.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "engine_process.h"
#include "engine_run.h"
#include "time_passed.h"

/* Interrupts are looked at this often even if no signal comes. */
#define WAIT_MS 1000
/* At the end, until the last process is gone. */
#define REAP_WAIT_MS 20
/* From SIGTERM to SIGKILL. */
#define CANCEL_GRACE_MS 5000
#define INTERRUPT_GRACE_MS 1000
/* From SIGKILL until a process counts as hanging in the kernel. */
#define KILL_GRACE_MS 5000
/* During a statement for the engine: is it still wanted? */
#define LOOK_MS 500
/* From the last message to the end of the processes. */
#define LINGER_MS 5000

/* Where a run stands. */
typedef struct Follower
{
	EngineRun  *run;
	LineReader	reader;
	int64		started_ms;
	int64		done_ms;		/* 0 until nothing more is to be expected */
	int64		stopped_ms;		/* 0 until it was asked to stop */
} Follower;

static const EngineRun *running = NULL;
static TimeoutId look_timeout;
static volatile sig_atomic_t is_running = false;
static volatile sig_atomic_t end_requested = false;
static volatile sig_atomic_t cancel_requested = false;

/*
 * While the engine runs, SIGTERM ends the run so that history can say so;
 * else it ends the process as in every backend.
 */
static void
handle_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	if (is_running)
	{
		end_requested = true;
		SetLatch(MyLatch);
	}
	else
		die(postgres_signal_arg);
	errno = save_errno;
}

/*
 * pg_cancel_backend on the worker cancels its job.
 */
static void
handle_sigint(SIGNAL_ARGS)
{
	int			save_errno = errno;

	cancel_requested = true;
	SetLatch(MyLatch);
	errno = save_errno;
}

void
engine_run_init(void)
{
	pqsignal(SIGTERM, handle_sigterm);
	pqsignal(SIGINT, handle_sigint);
}

/*
 * Ends the statement that runs for an engine which is gone, or for a job that
 * is to stop.  It is called by a timer, so it takes no lock.
 */
static void
look_at_engine(void)
{
	bool		is_cancelled = running != NULL && running->slot != NULL &&
		running->slot->cancel;

	if (!is_cancelled && !cancel_requested && !engine_has_hung_up())
		return;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

/*
 * Lets a timer look at the engine.
 */
static void
start_looking(void)
{
	static bool is_registered = false;

	if (!is_registered)
		look_timeout = RegisterTimeout(USER_TIMEOUT, look_at_engine);
	is_registered = true;
	enable_timeout_every(look_timeout,
						 TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOOK_MS),
						 LOOK_MS);
}

void
engine_run_yield(bool yields)
{
	is_running = !yields;
	if (yields && end_requested)
		die(SIGTERM);
	if (yields)
		start_looking();
	else
	{
		disable_timeout(look_timeout, false);
		QueryCancelPending = false;
	}
}

bool
worker_is_to_end(void)
{
	return end_requested;
}

/*
 * An SQLSTATE that the engine sent, as the server's number.  What is none, or
 * would not be an error, becomes an internal error.
 */
static int
read_sqlstate(const char *word)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (word == NULL || strlen(word) != 5 || strspn(word, alphabet) != 5 ||
		strncmp(word, "00", 2) == 0 || strncmp(word, "01", 2) == 0 ||
		strncmp(word, "02", 2) == 0)
		return ERRCODE_INTERNAL_ERROR;
	return MAKE_SQLSTATE(word[0], word[1], word[2], word[3], word[4]);
}

/*
 * Takes the error that the engine ends with.
 */
static void
take_error(EngineRun *run, const EngineMessage *message)
{
	char	   *word = message_text(message, "message");

	run->damaged = message_bool(message, "damaged");
	run->transient = message_bool(message, "transient");
	job_outcome_error(&run->outcome,
					  read_sqlstate(message_text(message, "sqlstate")),
					  word != NULL ? word : "engine gave no reason",
					  message_text(message, "detail"),
					  message_text(message, "hint"));
}

/*
 * Takes one message.
 */
static void
take_message(EngineRun *run, const EngineMessage *message)
{
	switch (message->kind)
	{
		case MESSAGE_RESULT:
			run->succeeded = true;
			if (run->on_message != NULL)
				run->on_message(message);
			break;
		case MESSAGE_ERROR:
			take_error(run, message);
			break;
		case MESSAGE_PROGRESS:
		case MESSAGE_LOG:
		case MESSAGE_BACKUP:
		case MESSAGE_ROW:
		case MESSAGE_DELETED:
		case MESSAGE_REPOSITORY:
		case MESSAGE_REQUEST:
			if (run->on_message != NULL)
				run->on_message(message);
			break;
		case MESSAGE_UNKNOWN:
			break;
	}
}

/*
 * Takes the messages that have come.
 */
static void
take_messages(EngineRun *run, LineReader *reader)
{
	MemoryContext line_context;
	MemoryContext old_context;
	char	   *line;

	line_reader_fill(reader);
	line_context = AllocSetContextCreate(CurrentMemoryContext,
										 "erpgo_backup message",
										 ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(line_context);
	while ((line = line_reader_next(reader)) != NULL)
	{
		EngineMessage message = engine_message_parse(line);

		take_message(run, &message);
		MemoryContextSwitchTo(line_context);
		MemoryContextReset(line_context);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(line_context);
}

/*
 * Is there a reason to stop?
 */
static EngineStop
stop_reason(const Follower *follower)
{
	const EngineRun *run = follower->run;

	if (end_requested)
		return ENGINE_INTERRUPTED;
	if (cancel_requested || run->is_unwanted ||
		(run->slot != NULL && job_is_cancelled(run->slot)))
		return ENGINE_CANCELLED;
	if (run->time_limit > 0 &&
		has_passed(follower->started_ms, run->time_limit * INT64CONST(1000)))
		return ENGINE_TIMED_OUT;
	if (follower->done_ms != 0 && has_passed(follower->done_ms, LINGER_MS))
		return ENGINE_LINGERING;
	return ENGINE_NOT_STOPPED;
}

/*
 * Passes a reason to stop on to the engine, and kills it if it takes its
 * time.  False if it does not even die of that.
 */
static bool
enforce_stop(Follower *follower)
{
	EngineRun  *run = follower->run;
	EngineStop	reason = stop_reason(follower);
	int			grace = end_requested ? INTERRUPT_GRACE_MS : CANCEL_GRACE_MS;

	if (reason == ENGINE_NOT_STOPPED)
		return true;
	if (run->stop == ENGINE_NOT_STOPPED)
	{
		run->stop = reason;
		follower->stopped_ms = passing_ms();
		engine_ask_to_stop();
	}
	if (has_passed(follower->stopped_ms, grace + KILL_GRACE_MS))
		return false;
	if (has_passed(follower->stopped_ms, grace))
		engine_kill();
	return true;
}

/*
 * Did the engine send its result or its error?
 */
static bool
has_final_message(const EngineRun *run)
{
	return run->succeeded ||
		run->outcome.sqlstate != ERRCODE_SUCCESSFUL_COMPLETION;
}

/*
 * Takes what has come; true when nothing can come any more.
 */
static bool
engine_has_ended(Follower *follower)
{
	bool		all_reaped = engine_reap();

	/* Reaping first: what a process sent before its end is read after it. */
	if (!follower->reader.at_end)
		take_messages(follower->run, &follower->reader);
	if (follower->done_ms == 0 &&
		(follower->reader.at_end || has_final_message(follower->run)))
		follower->done_ms = passing_ms();
	return follower->reader.at_end && all_reaped;
}

/*
 * Waits for a message, a signal, or the next look.
 */
static void
wait_for_engine(const Follower *follower)
{
	int			events = WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH;
	const EngineRun *run = follower->run;
	bool		closed = follower->reader.at_end;
	bool		stopped = run->stop != ENGINE_NOT_STOPPED;
	int			wait_ms = run->wait_ms > 0 ? run->wait_ms : WAIT_MS;

	/* A closed socket is readable all the time. */
	if (!closed)
		events |= WL_SOCKET_READABLE;
	if (!closed && run->has_more)
		events |= WL_SOCKET_WRITEABLE;
	(void) WaitLatchOrSocket(MyLatch, events,
							 closed ? PGINVALID_SOCKET : follower->reader.socket,
							 closed || stopped ? REAP_WAIT_MS : wait_ms,
							 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Follows the engine until its messages and its processes have ended.
 */
static void
follow_engine(EngineRun *run, pgsocket socket)
{
	Follower	follower = {.run = run, .started_ms = passing_ms()};

	line_reader_init(&follower.reader, socket);
	while (!engine_has_ended(&follower))
	{
		if (run->on_turn != NULL && run->stop == ENGINE_NOT_STOPPED)
			run->on_turn(run);
		if (!enforce_stop(&follower))
			break;
		wait_for_engine(&follower);
	}
	pfree(follower.reader.buffer.data);
}

/*
 * Says what became of a run that was stopped from outside.
 */
static void
describe_stop(EngineRun *run)
{
	char	   *title;
	char	   *detail = NULL;

	if (run->slot == NULL)
		return;
	title = job_title(&run->slot->request);
	switch (run->stop)
	{
		case ENGINE_CANCELLED:
			if (run->slot->cancelled_by[0] != '\0')
				detail = psprintf("Role \"%s\" asked for it.",
								  run->slot->cancelled_by);
			job_outcome_error(&run->outcome, ERRCODE_QUERY_CANCELED,
							  psprintf("%s was cancelled", title),
							  detail, NULL);
			break;
		case ENGINE_INTERRUPTED:
			job_outcome_error(&run->outcome, ERRCODE_ADMIN_SHUTDOWN,
							  psprintf("%s was interrupted: its worker was told to end",
									   title),
							  NULL, NULL);
			break;
		case ENGINE_TIMED_OUT:
			job_outcome_error(&run->outcome, ERRCODE_OPERATOR_INTERVENTION,
							  psprintf("%s took longer than it may", title),
							  NULL, "See the setting erpgo_backup.maximum_duration.");
			break;
		case ENGINE_LINGERING:
		case ENGINE_NOT_STOPPED:
			break;
	}
}

/*
 * Says what became of a run that ended, in the order of what is known best.
 */
static void
describe_end(EngineRun *run)
{
	if (run->succeeded)
	{
		memset(&run->outcome, 0, sizeof(run->outcome));
		return;
	}
	describe_stop(run);
	run->cleaned_up = engine_left_nothing() &&
		has_final_message(run);
	if (!has_final_message(run))
	{
		run->transient = true;
		job_outcome_error(&run->outcome, ERRCODE_SYSTEM_ERROR,
						  psprintf("engine ended without a result: it %s",
								   engine_end_text()),
						  NULL, "The server's log may tell more.");
	}
}

void
engine_run(EngineRun *run, const char *description)
{
	pgsocket	socket;

	run->stop = ENGINE_NOT_STOPPED;
	run->succeeded = false;
	run->damaged = false;
	run->transient = false;
	run->cleaned_up = false;
	run->is_unwanted = false;
	run->has_more = false;
	memset(&run->outcome, 0, sizeof(run->outcome));

	socket = engine_start(description);
	is_running = true;
	running = run;
	PG_TRY();
	{
		follow_engine(run, socket);
	}
	PG_CATCH();
	{
		is_running = false;
		engine_terminate(CANCEL_GRACE_MS);
		PG_RE_THROW();
	}
	PG_END_TRY();
	is_running = false;

	describe_end(run);
	engine_close();
}

/*
 * How the engine gives up.
 *
 * A process of the engine that cannot go on says so once, in one structured
 * failure, and exits.  Nothing is passed up through return codes: what a
 * process leaves behind is cleaned up by exit handlers and by its parent.
 * Where the failure goes is decided at start: to standard error for a person,
 * or as a JSON line to the process that started the engine (protocol.h).
 */
#ifndef ERPGO_ENGINE_FAILURE_H
#define ERPGO_ENGINE_FAILURE_H

#include "postgres_fe.h"

typedef enum FailureKind
{
	FAILURE_INTERNAL,			/* a bug, or memory is exhausted */
	FAILURE_USAGE,				/* arguments that make no sense: exit code 2 */
	FAILURE_DAMAGED,			/* the backup is not what it was: exit code 3 */
	FAILURE_KEY,				/* no key, or not the right one */
	FAILURE_UNDEFINED,			/* what was named does not exist */
	FAILURE_GONE,				/* a copy is not where it was made */
	FAILURE_DUPLICATE,			/* what was to be made exists */
	FAILURE_PERMISSION,			/* the operating system or server refused */
	FAILURE_DISK_FULL,
	FAILURE_IO,					/* any other error of reading or writing */
	FAILURE_CONNECTION,			/* the database server could not be reached */
	FAILURE_PROGRAM,			/* a program that was started failed */
	FAILURE_TIMEOUT,			/* it took longer than it may */
	FAILURE_STATE				/* refused as things stand */
} FailureKind;

typedef struct Failure
{
	FailureKind kind;
	const char *message;		/* primary message, no period */
	const char *detail;			/* sentences, or NULL */
	const char *hint;			/* sentences, or NULL */
} Failure;

/* Called once with the failure, just before the process exits. */
typedef void (*FailureReporter) (const Failure *failure);

/* Decides where failures go; without a call, to standard error. */
extern void failure_set_reporter(FailureReporter reporter);

/*
 * Reports a failure and exits with the code of its kind.  hint may be NULL.
 * The message follows PostgreSQL's style: what could not be done, on which
 * object in double quotes, and after a colon why.
 */
extern void fail(FailureKind kind, const char *hint, const char *message,...)
			pg_attribute_printf(3, 4) __attribute__((noreturn));

/* The same with everything decided already. */
extern void fail_with(const Failure *failure) __attribute__((noreturn));

/*
 * The same for a failed system call: appends strerror(errno) to the message
 * and picks the kind by errno (ENOSPC and EDQUOT, EACCES and EPERM, EROFS,
 * ENOENT, or FAILURE_IO), with a hint that fits.
 */
extern void fail_errno(const char *message,...)
			pg_attribute_printf(1, 2) __attribute__((noreturn));

/* Process exit code: 2 for FAILURE_USAGE, 3 for FAILURE_DAMAGED, else 1. */
extern int	failure_exit_code(FailureKind kind);

/* The SQLSTATE that the server reports for a kind, in static memory. */
extern const char *failure_sqlstate(FailureKind kind);

/* Might the same work if it is tried again a little later? */
extern bool failure_is_transient(FailureKind kind);

/*
 * Says something that does not end the work.  Goes where failures go; level
 * is "debug", "log" or "warning"; hint may be NULL.
 */
extern void notice(const char *level, const char *hint, const char *message,...)
			pg_attribute_printf(3, 4);

typedef void (*NoticeReporter) (const char *level, const char *message,
								const char *hint);

/* Decides where notices go; without a call, to standard error. */
extern void notice_set_reporter(NoticeReporter reporter);

#endif

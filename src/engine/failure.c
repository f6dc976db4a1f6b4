/*
 * How the engine gives up.
 */
#include "failure.h"

#include <unistd.h>

#include "common/fe_memutils.h"

/* What there is to know about a kind of failure. */
typedef struct KindTraits
{
	const char *sqlstate;
	bool		transient;
} KindTraits;

static const KindTraits kinds[] = {
	[FAILURE_INTERNAL] = {"XX000", false},
	[FAILURE_USAGE] = {"22023", false},
	[FAILURE_DAMAGED] = {"XX001", false},
	[FAILURE_KEY] = {"28000", false},
	[FAILURE_UNDEFINED] = {"42704", false},
	[FAILURE_GONE] = {"58P01", false},
	[FAILURE_DUPLICATE] = {"42710", false},
	[FAILURE_PERMISSION] = {"42501", false},
	[FAILURE_DISK_FULL] = {"53100", false},
	[FAILURE_IO] = {"58030", true},
	[FAILURE_CONNECTION] = {"08006", true},
	[FAILURE_PROGRAM] = {"38000", true},
	[FAILURE_TIMEOUT] = {"53400", true},
	[FAILURE_STATE] = {"55000", false},
};

/* How far this process has come in giving up. */
typedef enum FailureProgress
{
	NOT_FAILING,
	REPORTING,
	EXITING
} FailureProgress;

static FailureProgress failure_progress = NOT_FAILING;

/*
 * Writes a failure to standard error, as programs of PostgreSQL do.
 */
static void
report_to_stderr(const Failure *failure)
{
	fflush(stdout);
	fprintf(stderr, "erpgo_backup: error: %s\n", failure->message);
	if (failure->detail != NULL)
		fprintf(stderr, "erpgo_backup: detail: %s\n", failure->detail);
	if (failure->hint != NULL)
		fprintf(stderr, "erpgo_backup: hint: %s\n", failure->hint);
}

/*
 * Writes a notice to standard error.  Debugging notices are dropped: a person
 * at a terminal did not ask for them.
 */
static void
notice_to_stderr(const char *level, const char *message, const char *hint)
{
	if (strcmp(level, "debug") == 0)
		return;
	fflush(stdout);
	if (strcmp(level, "log") == 0)
		fprintf(stderr, "erpgo_backup: %s\n", message);
	else
		fprintf(stderr, "erpgo_backup: %s: %s\n", level, message);
	if (hint != NULL)
		fprintf(stderr, "erpgo_backup: hint: %s\n", hint);
}

static FailureReporter failure_reporter = report_to_stderr;
static NoticeReporter notice_reporter = notice_to_stderr;

/*
 * The text of a message with its arguments, allocated.
 */
pg_attribute_printf(1, 0)
static char *
message_text(const char *message, va_list arguments)
{
	size_t		size = 256;

	for (;;)
	{
		char	   *result = pg_malloc(size);
		va_list		copy;
		size_t		needed;

		va_copy(copy, arguments);
		needed = pvsnprintf(result, size, message, copy);
		va_end(copy);
		if (needed < size)
			return result;
		pg_free(result);
		size = needed;
	}
}

void
failure_set_reporter(FailureReporter reporter)
{
	failure_reporter = reporter;
}

void
notice_set_reporter(NoticeReporter reporter)
{
	notice_reporter = reporter;
}

/*
 * A reporter that fails itself ends here a second time: then both failures
 * go to standard error.  An exit handler that fails ends the process at once.
 */
void
fail_with(const Failure *failure)
{
	static const Failure *first_failure;
	int			exit_code = failure_exit_code(failure->kind);

	switch (failure_progress)
	{
		case NOT_FAILING:
			failure_progress = REPORTING;
			first_failure = failure;
			failure_reporter(failure);
			break;
		case REPORTING:
			failure_progress = EXITING;
			exit_code = failure_exit_code(first_failure->kind);
			report_to_stderr(first_failure);
			report_to_stderr(failure);
			break;
		case EXITING:
			report_to_stderr(failure);
			_exit(exit_code);
	}
	failure_progress = EXITING;
	exit(exit_code);
}

void
fail(FailureKind kind, const char *hint, const char *message,...)
{
	Failure		failure = {.kind = kind, .hint = hint};
	va_list		arguments;

	va_start(arguments, message);
	failure.message = message_text(message, arguments);
	va_end(arguments);
	fail_with(&failure);
}

/*
 * Picks kind and hint of a failure by an error number of the system.
 */
static void
classify_errno(int error_number, Failure *failure)
{
	failure->kind = FAILURE_IO;
	switch (error_number)
	{
		case ENOSPC:
			failure->kind = FAILURE_DISK_FULL;
			failure->hint = "Free some space on that file system.";
			break;
		case EDQUOT:
			failure->kind = FAILURE_DISK_FULL;
			failure->hint = "Free some space, or raise the disk quota of this operating system user.";
			break;
		case EACCES:
		case EPERM:
			failure->kind = FAILURE_PERMISSION;
			failure->hint = "Check the owner and the permissions of that path and of the directories above it.";
			break;
		case EROFS:
			failure->kind = FAILURE_PERMISSION;
			failure->hint = "The file system is mounted read-only.";
			break;
		case ENOENT:
			failure->kind = FAILURE_UNDEFINED;
			break;
		case EMFILE:
		case ENFILE:
			failure->hint = "Raise the limit of open files.";
			break;
		case ENOMEM:
			failure->kind = FAILURE_INTERNAL;
			break;
	}
}

void
fail_errno(const char *message,...)
{
	int			error_number = errno;
	Failure		failure = {0};
	va_list		arguments;
	char	   *what;

	va_start(arguments, message);
	what = message_text(message, arguments);
	va_end(arguments);
	failure.message = psprintf("%s: %s", what, strerror(error_number));
	classify_errno(error_number, &failure);
	fail_with(&failure);
}

int
failure_exit_code(FailureKind kind)
{
	switch (kind)
	{
		case FAILURE_USAGE:
			return 2;
		case FAILURE_DAMAGED:
			return 3;
		default:
			return 1;
	}
}

const char *
failure_sqlstate(FailureKind kind)
{
	return kinds[kind].sqlstate;
}

bool
failure_is_transient(FailureKind kind)
{
	return kinds[kind].transient;
}

void
notice(const char *level, const char *hint, const char *message,...)
{
	va_list		arguments;
	char	   *formatted;

	va_start(arguments, message);
	formatted = message_text(message, arguments);
	va_end(arguments);
	notice_reporter(level, formatted, hint);
	pg_free(formatted);
}

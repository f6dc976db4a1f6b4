/*
 * What it means that a program failed, told from what it said.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "process.h"

/* Words in a program's errors that tell more than its exit code. */
typedef struct KnownError
{
	const char *words;
	const char *more_words;		/* that must follow, or NULL */
	FailureKind kind;
	const char *hint;
} KnownError;

/* In the order of precedence. */
static const KnownError known_errors[] = {
	{"No space left on device", NULL, FAILURE_DISK_FULL,
	"Free some space on that file system."},
	{"canceling statement due to lock timeout", NULL, FAILURE_TIMEOUT,
	"Another session holds a lock on a table for long; see the view pg_locks."},
	{"canceling statement due to statement timeout", "LOCK TABLE", FAILURE_TIMEOUT,
	"Another session held a lock on a table for longer than erpgo_backup.lock_wait_timeout; see the view pg_locks."},
	{"canceling statement due to statement timeout", NULL, FAILURE_TIMEOUT, NULL},
	{"FATAL:  database \"", "\" does not exist", FAILURE_UNDEFINED, NULL},
	{"connection to server", NULL, FAILURE_CONNECTION, NULL},
	{"could not connect", NULL, FAILURE_CONNECTION, NULL},
	{"server closed the connection", NULL, FAILURE_CONNECTION, NULL},
	{"terminating connection", NULL, FAILURE_CONNECTION, NULL},
	{"permission denied", NULL, FAILURE_PERMISSION, NULL},
	{"Permission denied", NULL, FAILURE_PERMISSION, NULL},
};

/*
 * Picks kind and hint by what a program said.
 */
static void
classify_errors(const char *errors, Failure *failure)
{
	failure->kind = FAILURE_PROGRAM;
	for (int i = 0; i < lengthof(known_errors); i++)
	{
		const KnownError *known = &known_errors[i];
		const char *found = strstr(errors, known->words);

		if (found != NULL && known->more_words != NULL)
			found = strstr(found, known->more_words);
		if (found != NULL)
		{
			failure->kind = known->kind;
			failure->hint = known->hint;
			return;
		}
	}
}

/*
 * Finds the line of a program's errors that says why it failed: the first
 * that is marked as an error, for warnings come before it, else the first.
 * The mark, and the program's name before it, are skipped.
 */
static const char *
decisive_line(const char *errors)
{
	static const char *const marks[] = {": error: ", ": fatal: ", ": FATAL:  "};

	for (int i = 0; i < lengthof(marks); i++)
	{
		const char *mark = strstr(errors, marks[i]);

		if (mark != NULL)
			return mark + strlen(marks[i]);
	}
	return errors;
}

/*
 * A copy of the first length bytes without white space at their end;
 * NULL if nothing is left.
 */
static char *
copy_trimmed(const char *start, size_t length)
{
	while (length > 0 && strchr(" \t\r\n", start[length - 1]) != NULL)
		length--;
	return length > 0 ? pnstrdup(start, length) : NULL;
}

void
program_finish(Program *program, const char *on_what)
{
	int			status = program_wait(program);
	const char *line = decisive_line(program->err_text);
	size_t		length = strcspn(line, "\n");
	Failure		failure = {0};
	char	   *reason;

	if (status == 0)
	{
		program_kill(program);
		return;
	}
	reason = copy_trimmed(line, length);
	failure.detail = copy_trimmed(line + length, strlen(line + length));
	failure.message = psprintf("%s %s on %s%s%s", program->name,
							   wait_status_text(status), on_what,
							   reason != NULL ? ": " : "",
							   reason != NULL ? reason : "");
	classify_errors(program->err_text, &failure);
	fail_with(&failure);
}

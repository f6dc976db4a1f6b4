/*
 * "erpgo_backup check": can backups be used from here?
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "command/finding.h"
#include "isolated.h"
#include "process.h"
#include "protocol.h"

const char *const help_check =
"Usage: erpgo_backup check [OPTIONS]\n"
"\n"
"Checks whether the repository can be read, the encryption key fits, the\n"
"newest backup is good, backups were left unfinished, there is free space, and\n"
"pg_restore is found.\n"
"\n"
"Options:\n"
"  --json               print a JSON array of findings\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0, or 1 if a finding is an error.\n"
HELP_COMMON;

static const struct option check_options[] = {
	ARGUMENT_HELP_OPTION
};

static const Column finding_columns[FINDING_COLUMNS] = {
	{"STATUS"}, {"CHECK"}, {"FINDING"}
};

static void
open_step(void *context)
{
	repository_from_options(context);
}

/*
 * A finding from what made a step fail.
 */
static json_t *
problem_row(const char *name, const Failure *problem)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "name", name, "status", "error",
					 "message", json_text(problem->message),
					 "hint", json_text(problem->hint));
}

/* The search for a program, in a child process. */
static void
find_program_step(void *context)
{
	const CommonOptions *options = context;

	program_path(options->bindir, "pg_restore");
}

/*
 * Finds pg_restore and its version.
 */
static json_t *
check_pg_restore(const CommonOptions *options)
{
	const char *argv[] = {NULL, "--version", NULL};
	char		line[256];
	Program    *program;
	Failure		problem;
	size_t		len;

	if (!isolated_run(find_program_step, unconstify(CommonOptions *, options),
					  &problem))
		return problem_row("pg_restore", &problem);
	argv[0] = program_path(options->bindir, "pg_restore");
	program = program_start(argv, NULL, PROGRAM_OUT);
	len = program_read(program, line, sizeof(line) - 1);
	program_kill(program);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return json_pack("{s:s, s:s, s:o, s:n}", "name", "pg_restore",
					 "status", "ok", "message",
					 json_text(psprintf("%s in \"%s\"", line, argv[0])), "hint");
}

/*
 * All findings.
 */
static json_t *
collect_findings(const CommonOptions *options)
{
	json_t	   *rows;
	Failure		problem;

	if (isolated_run(open_step, unconstify(CommonOptions *, options), &problem))
		rows = check_repository(repository_from_options(options));
	else
	{
		rows = json_array();
		json_array_append_new(rows, problem_row("repository", &problem));
	}
	json_array_append_new(rows, check_pg_restore(options));
	return rows;
}

int
command_check(const CommonOptions *options, int argc, char **argv)
{
	json_t	   *rows;
	int			exit_code;

	arguments_begin();
	if (argument_next(argc, argv, check_options) == ARGUMENT_HELP)
	{
		fputs(help_check, stdout);
		return 0;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"check\" takes no argument");
	if (options->repository == NULL)
		repository_from_options(options);

	rows = collect_findings(options);
	exit_code = findings_have(rows, "error") ? 1 : 0;
	if (options->json)
		json_print(rows);
	else
		findings_print(rows, finding_columns, "name");
	return exit_code;
}

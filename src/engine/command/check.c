/*
 * "erpgo_backup check": can backups be used from here?
 */
#include "postgres_fe.h"

#include "command/all_repositories.h"
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
"pg_restore is found. Of several repositories all are checked; of the further\n"
"ones, repository_2 and so on, only what is not as it should be is printed.\n"
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

/* Are the secrets and the key to be had? */
static void
prepare_step(void *context)
{
	repositories_prepare(context);
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
 * The findings in an open repository.
 */
static json_t *
check_opened(Repository *repository, void *context)
{
	return check_repository(repository);
}

/*
 * Adds what was found in the first repository.
 */
static void
add_first(json_t *rows, const RepositoryAnswer *answer)
{
	if (answer->found == NULL)
		json_array_append_new(rows, problem_row("repository", &answer->problem));
	else
		json_array_extend(rows, answer->found);
}

/*
 * Adds what was found in a further repository, under its name: what is not as
 * it should be, or that nothing is.
 */
static void
add_further(json_t *rows, const RepositoryAnswer *answer, const char *name, const char *url)
{
	size_t		count = json_array_size(rows);
	size_t		i;
	json_t	   *row;

	if (answer->found == NULL)
		json_array_append_new(rows, problem_row(name, &answer->problem));
	json_array_foreach(answer->found, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "status")), "ok") == 0)
			continue;
		json_object_set_new(row, "name", json_string(name));
		json_array_append(rows, row);
	}
	if (json_array_size(rows) == count)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:n}", "name", name,
											  "status", "ok", "message",
											  json_text(psprintf("repository \"%s\" can be read", url)), "hint"));
}

/*
 * Checks all repositories.
 */
static void
check_repositories(json_t *rows, const CommonOptions *options)
{
	RepositoryList *list = repositories_prepare(options);

	for (int i = 0; i < list->count; i++)
	{
		RepositoryAnswer answer = repository_ask(options, &list->repositories[i],
												 check_opened, NULL);

		if (i == 0)
			add_first(rows, &answer);
		else
			add_further(rows, &answer, psprintf("repository_%d", i + 1),
						list->repositories[i].url);
		json_decref(answer.found);
	}
}

/*
 * All findings.
 */
static json_t *
collect_findings(const CommonOptions *options)
{
	json_t	   *rows = json_array();
	Failure		problem;

	if (isolated_run(prepare_step, unconstify(CommonOptions *, options), &problem))
		check_repositories(rows, options);
	else
		json_array_append_new(rows, problem_row("repository", &problem));
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
	(void) repositories_from_options(options);
	rows = collect_findings(options);
	exit_code = findings_have(rows, "error") ? 1 : 0;
	if (options->json)
		json_print(rows);
	else
		findings_print(rows, finding_columns, "name");
	return exit_code;
}

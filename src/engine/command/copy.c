/*
 * "erpgo_backup copy": copies backups to another repository.
 */
#include "postgres_fe.h"

#include "cluster/workers.h"
#include "command/arguments.h"
#include "command/copy_run.h"
#include "command/human.h"
#include "command/terminal.h"
#include "isolated.h"
#include "protocol.h"
#include "repository/secrets.h"

const char *const help_copy =
"Usage: erpgo_backup copy [OPTIONS] ID|latest --to URL\n"
"       erpgo_backup copy [OPTIONS] --all --to URL\n"
"\n"
"Copies a backup, or all of them, to another repository, byte for byte. Each\n"
"object is compared with the manifest on the way and read back, and the manifest\n"
"comes last. A copy that was interrupted goes on where it was; of a backup that\n"
"is there already only what became known of it since is copied. No key is needed:\n"
"without it, the manifest of an encrypted backup is not authenticated.\n"
"\n"
"Options:\n"
"  --to URL             repository that is copied to\n"
"  --all                copy every backup, also after one that cannot be copied\n"
"  --json               print a JSON object, with --all an array of them\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0 if everything was copied; 3 if something is damaged; 1 if something\n"
"could not be copied for another reason.\n"
HELP_COMMON;

static const struct option copy_options[] = {
	{"to", required_argument, NULL, 't'},
	{"all", no_argument, NULL, 'a'},
	ARGUMENT_HELP_OPTION
};

/* What is asked for. */
typedef struct CopyRequest
{
	const char *id;				/* NULL for all */
	const char *to;
	int			jobs;
	bool		json;
	Repository *source;
	Repository *target;
} CopyRequest;

/* One backup to be copied in a process of its own. */
typedef struct CopyStep
{
	const CopyRequest *request;
	const char *id;
	CopyOutcome *outcome;		/* shared */
} CopyStep;

static void
copy_step(void *context)
{
	CopyStep   *step = context;

	*step->outcome = copy_backup(step->request->source, step->request->target,
								 step->id, step->request->jobs);
}

/*
 * What became of one backup, as JSON; problem is NULL if it was copied.
 */
static json_t *
outcome_to_json(const CopyStep *step, const Failure *problem)
{
	json_t	   *json = json_pack("{s:s, s:s}", "id", step->id,
								 "status", problem == NULL ? "ok" :
								 problem->kind == FAILURE_DAMAGED ? "damaged" : "failed");

	if (problem != NULL)
	{
		json_object_set_new(json, "message", json_text(problem->message));
		json_object_set_new(json, "hint", json_text(problem->hint));
		return json;
	}
	json_object_set_new(json, "stored_bytes", json_integer(step->outcome->stored_bytes));
	json_object_set_new(json, "was_there", json_boolean(step->outcome->was_there));
	json_object_set_new(json, "authenticated", json_boolean(step->outcome->authenticated));
	return json;
}

/*
 * The same for people.
 */
static void
print_outcome(const CopyStep *step, const Failure *problem)
{
	terminal_progress_clear();
	if (problem != NULL)
	{
		printf("%s: not copied: %s\n", step->id, printable_text(problem->message));
		if (problem->hint != NULL)
			printf("%s: hint: %s\n", step->id, printable_text(problem->hint));
	}
	else if (step->outcome->was_there)
		printf("%s: is there\n", step->id);
	else
		printf("%s: copied (%s)\n", step->id, bytes_text(step->outcome->stored_bytes));
	fflush(stdout);
}

/*
 * Copies one backup, and tells of it on standard output, or in the list.
 * Returns the exit code that it asks for.
 */
static int
copy_one(const CopyRequest *request, const char *id, json_t *list)
{
	CopyStep	step = {request, id, workers_share(sizeof(CopyOutcome))};
	Failure		failure;
	bool		copied = isolated_run(copy_step, &step, &failure);
	const Failure *problem = copied ? NULL : &failure;

	if (request->json)
		json_array_append_new(list, outcome_to_json(&step, problem));
	else
		print_outcome(&step, problem);
	return copied ? 0 : failure_exit_code(failure.kind);
}

/*
 * Copies all backups.
 */
static int
copy_all(const CopyRequest *request, json_t *list)
{
	int			count;
	char	  **ids = repository_backup_ids(request->source, &count);
	int			exit_code = 0;

	for (int i = 0; i < count; i++)
		exit_code = Max(exit_code, copy_one(request, ids[i], list));
	return exit_code;
}

/*
 * Reads the arguments; false if they ask for help.
 */
static bool
parse_arguments(int argc, char **argv, CopyRequest *request)
{
	bool		all = false;
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, copy_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
			return false;
		if (option == 'a')
			all = true;
		if (option == 't')
			request->to = optarg;
	}
	request->id = argument_single(argc, argv);
	if (all && request->id != NULL)
		usage_failure(argv[0], "--all and a backup exclude each other");
	if (!all && request->id == NULL)
		usage_failure(argv[0], "no backup is named");
	if (request->to == NULL)
		usage_failure(argv[0], "option \"--to\" is needed");
	return true;
}

int
command_copy(const CommonOptions *options, int argc, char **argv)
{
	CopyRequest request = {.jobs = options->jobs, .json = options->json};
	json_t	   *list = json_array();
	int			exit_code;

	if (!parse_arguments(argc, argv, &request))
	{
		fputs(help_copy, stdout);
		return 0;
	}
	request.source = repository_from_options(options);
	request.target = repository_open_writer(request.to, request.source->cluster,
											secret_get(SECRET_ENCRYPTION_KEY),
											request.source->system_identifier);
	cluster_keys_prepare(request.source->store, request.source->prefix,
						 request.source->master_key);
	terminal_progress_start(options);
	exit_code = request.id == NULL ? copy_all(&request, list) :
		copy_one(&request, repository_resolve_id(request.source, request.id), list);
	if (request.json)
		json_print(request.id == NULL ? list : json_incref(json_array_get(list, 0)));
	return exit_code;
}

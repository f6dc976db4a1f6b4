/*
 * "erpgo_backup copy": copies backups to another repository.
 */
#include "postgres_fe.h"

#include "cluster/workers.h"
#include "command/arguments.h"
#include "command/copy_run.h"
#include "command/human.h"
#include "command/terminal.h"
#include "common/repository_list.h"
#include "isolated.h"
#include "protocol.h"
#include "repository/master_key.h"
#include "repository/secrets.h"

const char *const help_copy =
"Usage: erpgo_backup copy [OPTIONS] ID|latest --to URL\n"
"       erpgo_backup copy [OPTIONS] [--all] [--wal] --to URL\n"
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
"  --mend               read what is there of a backup, every byte, and store anew what\n"
"                       is damaged or missing; without it, what is there is not read\n"
"  --wal                copy the files of the WAL archive that are not there, oldest\n"
"                       first, from the start of the first physical backup there;\n"
"                       this needs the key, if there is one\n"
"  --json               print a JSON object for a backup, with --all an array of them,\n"
"                       and another one for WAL\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0 if everything was copied, or mended; 3 if something is damaged; 1 if\n"
"something could not be copied for another reason.\n"
HELP_COMMON;

static const struct option copy_options[] = {
	{"to", required_argument, NULL, 't'},
	{"all", no_argument, NULL, 'a'},
	{"mend", no_argument, NULL, 'm'},
	{"wal", no_argument, NULL, 'w'},
	ARGUMENT_HELP_OPTION
};

/* What is asked for. */
typedef struct CopyRequest
{
	const char *id;				/* or NULL */
	bool		all;
	bool		mend;
	bool		wal;
	const char *to;
	const char *bindir;
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
	const CopyRequest *request = step->request;

	*step->outcome = copy_backup(request->source, request->target, step->id,
								 request->jobs, request->mend);
	copy_take_back_failure(request->target, step->id, step->outcome,
						   request->bindir, request->jobs);
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
	json_object_set_new(json, "was_mended", json_boolean(step->outcome->was_mended));
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
	else if (step->outcome->was_mended)
		printf("%s: mended\n", step->id);
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
 * Copies the backups that are asked for.
 */
static int
copy_backups(const CopyRequest *request)
{
	json_t	   *list = json_array();
	int			count = 1;
	char	  **ids = request->all ? repository_backup_ids(request->source, &count) : NULL;
	int			exit_code = 0;

	for (int i = 0; i < count; i++)
	{
		int			code = copy_one(request, request->all ? ids[i] :
									repository_resolve_id(request->source, request->id), list);

		exit_code = Max(exit_code, code);
	}
	if (request->json)
		json_print(request->all ? json_incref(list) : json_incref(json_array_get(list, 0)));
	json_decref(list);
	return exit_code;
}

/*
 * Copies the WAL archive.
 */
static void
copy_archive(const CopyRequest *request)
{
	int			count = copy_wal(request->source, request->target);

	terminal_progress_clear();
	if (request->json)
		json_print(json_pack("{s:i}", "wal_files", count));
	else
		printf("WAL: files copied: %d\n", count);
}

/*
 * Reads the arguments; false if they ask for help.
 */
static bool
parse_arguments(int argc, char **argv, CopyRequest *request)
{
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, copy_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
			return false;
		if (option == 'a')
			request->all = true;
		if (option == 'm')
			request->mend = true;
		if (option == 'w')
			request->wal = true;
		if (option == 't')
			request->to = optarg;
	}
	request->id = argument_single(argc, argv);
	if (request->all && request->id != NULL)
		usage_failure(argv[0], "--all and a backup exclude each other");
	if (!request->all && !request->wal && request->id == NULL)
		usage_failure(argv[0], "no backup is named");
	if (request->mend && !request->all && request->id == NULL)
		usage_failure(argv[0], "--mend is about backups: name one, or use --all");
	if (request->to == NULL)
		usage_failure(argv[0], "option \"--to\" is needed");
	return true;
}

/*
 * Opens the repository that is copied to, which is one.
 */
static Repository *
open_target(const CopyRequest *request)
{
	RepositoryList *list = pg_malloc(sizeof(RepositoryList));
	const char *problem;

	if (!repository_list_parse(request->to, list, &problem))
		fail(FAILURE_USAGE, problem, "\"%s\" does not name a repository", request->to);
	if (list->count > 1)
		usage_failure("copy", "option \"--to\" is one repository, not several");
	return repository_open_writer(list->repositories[0].url, request->source->cluster,
								  master_key(),
								  request->source->system_identifier);
}

int
command_copy(const CommonOptions *options, int argc, char **argv)
{
	CopyRequest request = {
		.jobs = options->jobs,
		.json = options->json,
		.bindir = options->bindir
	};
	int			exit_code = 0;

	if (!parse_arguments(argc, argv, &request))
	{
		fputs(help_copy, stdout);
		return 0;
	}
	request.source = repository_from_options(options);
	request.target = open_target(&request);
	cluster_keys_prepare(request.source->store, request.source->prefix,
						 request.source->master_key);
	terminal_progress_start(options);
	if (request.all || request.id != NULL)
		exit_code = copy_backups(&request);
	if (request.wal)
		copy_archive(&request);
	return exit_code;
}

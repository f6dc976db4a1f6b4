/*
 * "erpgo_backup verify": are backups what they were when they were made?
 *
 * Each object is verified in a process of its own, so that all damaged ones
 * are named and not only the first.
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "command/human.h"
#include "command/repositories.h"
#include "command/terminal.h"
#include "command/verify_backup.h"
#include "isolated.h"
#include "process.h"
#include "protocol.h"
#include "repository/backup_gather.h"

const char *const help_verify =
"Usage: erpgo_backup verify [OPTIONS] ID|latest\n"
"       erpgo_backup verify [OPTIONS] --all\n"
"\n"
"Verifies a backup, or all of them, and names every damaged object. Of several\n"
"repositories it is the first one that can be read: damage there is what is found,\n"
"not a reason to look elsewhere.\n"
"\n"
"Options:\n"
"  --all                verify every backup, also after a damaged one\n"
"  --depth DEPTH        how thoroughly (default: archive):\n"
"                         digest   size and SHA-256 of every stored object\n"
"                         archive  and the table of contents of every dump,\n"
"                                  compared with what it was when the backup\n"
"                                  was made, the frames of every dump up to\n"
"                                  its end, and everything else decoded\n"
"                         full     and every dump decrypted, decompressed and\n"
"                                  parsed by pg_restore\n"
"  --record             store the outcome in the repository, as part of what\n"
"                       is known of the backup\n"
"  --wait-for-thaw      wait for objects that lie in an archive of the store\n"
"  --json               print a JSON object, with --all an array of them\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0 if everything is as it was; 3 if something is damaged; 1 if\n"
"something could not be verified for another reason.\n"
HELP_COMMON;

static const struct option verify_options[] = {
	{"all", no_argument, NULL, 'a'},
	{"depth", required_argument, NULL, 'd'},
	{"record", no_argument, NULL, 'r'},
	{"wait-for-thaw", no_argument, NULL, 'w'},
	ARGUMENT_HELP_OPTION
};

/* What is asked for. */
typedef struct VerifyRequest
{
	const char *id;				/* NULL for all */
	VerifyDepth depth;
	bool		record;
	bool		wait_for_thaw;
	bool		json;
	const char *bindir;
} VerifyRequest;

/* What was found in one backup. */
typedef struct VerifyReport
{
	const char *id;
	VerifyDepth depth;
	int64		started_ms;
	int			object_count;
	int64		stored_size;
	json_t	   *problems;		/* {"object", "message"} each */
	int			exit_code;
} VerifyReport;

/* An object to be verified in a child process. */
typedef struct ObjectStep
{
	Verification *verification;
	const ManifestObject *object;
} ObjectStep;

static void
verify_object_step(void *context)
{
	ObjectStep *step = context;

	object_verify(step->verification, step->object);
}

/* What is asked for may take a key that is elsewhere. */
static void
require_key_step(void *context)
{
	const Verification *verification = context;

	if (verification->depth >= VERIFY_ARCHIVE)
		backup_require_key(verification->backup);
}

static void
verify_complete_step(void *context)
{
	Verification *verification = context;

	backup_verify_complete(verification->repository, verification->backup);
}

/*
 * Adds a problem to what was found.  name may be NULL.
 */
static void
add_problem(VerifyReport *report, const char *name, const Failure *problem)
{
	json_array_append_new(report->problems,
						  json_pack("{s:o, s:o}", "object", json_text(name),
									"message", json_text(problem->message)));
	report->exit_code = Max(report->exit_code,
							failure_exit_code(problem->kind));
}

/*
 * Verifies all objects of a backup that can be read.
 */
static void
verify_objects(Verification *verification, VerifyReport *report)
{
	const Manifest *manifest = verification->backup->manifest;
	Failure		problem;

	backup_gather(verification->repository, manifest);
	for (int i = 0; i < manifest->object_count; i++)
	{
		ObjectStep	step = {verification, &manifest->objects[i]};

		if (!isolated_run(verify_object_step, &step, &problem))
			add_problem(report, step.object->name, &problem);
	}
	backup_gather_end();
	if (!isolated_run(verify_complete_step, verification, &problem))
		add_problem(report, NULL, &problem);
	report->object_count = manifest->object_count;
	report->stored_size = manifest_stored_size(manifest);
}

/*
 * Stores what was found.  That a backup could not be verified is no finding.
 */
static void
record_outcome(Repository *repository, const Backup *backup,
			   const VerifyReport *report)
{
	json_t	   *first = json_array_get(report->problems, 0);
	Event		event = {.at_ms = time_now_ms()};
	const char *value;

	if (report->exit_code == 0)
	{
		event.kind = EVENT_VERIFIED;
		value = verify_depth_name(report->depth);
	}
	else if (report->exit_code == failure_exit_code(FAILURE_DAMAGED))
	{
		event.kind = EVENT_FAILED;
		event.key = unconstify(char *, verify_depth_name(report->depth));
		value = json_string_value(json_object_get(first, "message"));
	}
	else
		return;
	event.value = unconstify(char *, value);
	backup_add_event(repository, backup->manifest->id, backup, &event);
}

/*
 * Verifies one entry of the list of backups.
 */
static VerifyReport
verify_entry(const VerifyRequest *request, Repository *repository,
			 const BackupEntry *entry)
{
	VerifyReport report = {
		.id = entry->id,
		.depth = request->depth,
		.started_ms = time_now_ms(),
		.problems = json_array()
	};
	Verification verification;
	Failure		problem;

	if (entry->backup == NULL)
	{
		add_problem(&report, NULL, &entry->problem);
		return report;
	}
	verification = verification_make(repository, entry->backup, request->depth,
									 request->depth < VERIFY_ARCHIVE ? NULL :
									 program_path(request->bindir, "pg_restore"));
	if (isolated_run(require_key_step, &verification, &problem))
		verify_objects(&verification, &report);
	else
		add_problem(&report, NULL, &problem);
	if (request->record)
		record_outcome(repository, entry->backup, &report);
	return report;
}

/*
 * The word for what was found.
 */
static const char *
report_status(const VerifyReport *report)
{
	if (report->exit_code == 0)
		return "ok";
	return report->exit_code == failure_exit_code(FAILURE_DAMAGED) ?
		"damaged" : "unverified";
}

/*
 * What was found, as JSON.  Takes the problems.
 */
static json_t *
report_to_json(const VerifyReport *report)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:o}",
					 "id", report->id,
					 "status", report_status(report),
					 "depth", verify_depth_name(report->depth),
					 "duration_ms",
					 (json_int_t) (time_now_ms() - report->started_ms),
					 "problems", report->problems);
}

/*
 * Prints what was found, for people.
 */
static void
print_report(const VerifyReport *report)
{
	size_t		i;
	json_t	   *problem;

	terminal_progress_clear();
	printf("%s: %s (%s, %d objects, %s, %s)\n", report->id,
		   report_status(report), verify_depth_name(report->depth),
		   report->object_count, bytes_text(report->stored_size),
		   duration_text(time_now_ms() - report->started_ms));
	json_array_foreach(report->problems, i, problem)
	{
		const char *message = json_string_value(json_object_get(problem, "message"));

		printf("%s: %s\n", report->id, printable_text(message));
	}
	fflush(stdout);
	json_decref(report->problems);
}

/*
 * Verifies the backups of a list, and prints what is found of each.
 */
static int
verify_entries(const VerifyRequest *request, Repository *repository,
			   const BackupEntry *entries, int count)
{
	json_t	   *list = json_array();
	int			exit_code = 0;

	for (int i = 0; i < count; i++)
	{
		VerifyReport report = verify_entry(request, repository, &entries[i]);

		exit_code = Max(exit_code, report.exit_code);
		if (request->json)
			json_array_append_new(list, report_to_json(&report));
		else
			print_report(&report);
	}
	if (request->json && request->id != NULL)
		json_print(json_incref(json_array_get(list, 0)));
	else if (request->json)
		json_print(json_incref(list));
	json_decref(list);
	return exit_code;
}

/*
 * Reads the arguments; false if they ask for help.
 */
static bool
parse_arguments(int argc, char **argv, VerifyRequest *request)
{
	bool		all = false;
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, verify_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
			return false;
		if (option == 'a')
			all = true;
		if (option == 'r')
			request->record = true;
		if (option == 'w')
			request->wait_for_thaw = true;
		if (option == 'd' &&
			(!verify_depth_parse(optarg, &request->depth) ||
			 request->depth > VERIFY_FULL))
			usage_failure(argv[0], "unrecognized depth \"%s\": it is one of digest, archive and full",
						  optarg);
	}
	request->id = argument_single(argc, argv);
	if (all && request->id != NULL)
		usage_failure(argv[0], "--all and a backup exclude each other");
	if (!all && request->id == NULL)
		usage_failure(argv[0], "no backup is named");
	return true;
}

/*
 * Reads one backup.  A damaged one is an entry with its problem, any other
 * failure ends the work.
 */
static BackupEntry
load_entry(Repository *repository, const char *id)
{
	BackupEntry entry = repository_load_entry(repository, repository_resolve_id(repository, id));

	if (entry.backup == NULL && entry.problem.kind != FAILURE_DAMAGED)
		fail_with(&entry.problem);
	return entry;
}

/*
 * Verifies what is asked for in one repository.
 */
static int
verify_in(Repository *repository, void *context)
{
	const VerifyRequest *request = context;
	BackupEntry entry;
	BackupEntry *entries;
	int			count;

	if (request->id == NULL)
	{
		entries = repository_load_all(repository, &count);
		return verify_entries(request, repository, entries, count);
	}
	entry = load_entry(repository, request->id);
	backup_require_thawed(repository, entry.id, request->wait_for_thaw);
	return verify_entries(request, repository, &entry, 1);
}

int
command_verify(const CommonOptions *options, int argc, char **argv)
{
	VerifyRequest request = {
		.depth = VERIFY_ARCHIVE,
		.json = options->json,
		.bindir = options->bindir
	};

	if (!parse_arguments(argc, argv, &request))
	{
		fputs(help_verify, stdout);
		return 0;
	}
	terminal_progress_start(options);
	return repository_first(options, verify_in, &request, NULL);
}

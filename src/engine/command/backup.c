/*
 * "erpgo_backup backup": makes a physical backup of a standby.
 */
#include "postgres_fe.h"

#include <limits.h>
#include <signal.h>

#include "clock.h"
#include "command/arguments.h"
#include "command/repositories.h"
#include "command/standby.h"
#include "command/terminal.h"
#include "common/backup_id.h"
#include "isolated.h"
#include "job_state.h"
#include "process.h"
#include "protocol.h"

/* How often it is looked whether to stop. */
#define LOOK_MS 500

const char *const help_backup =
"Usage: erpgo_backup backup --dbname CONNINFO [OPTIONS]\n"
"\n"
"Makes a physical backup of a standby, in the repository of its primary. It is\n"
"run on the machine of the standby, as the user that its files belong to. A\n"
"primary is backed up by SQL: see the function erpgo_backup_run, and\n"
"erpgo_backup_sync, which shows the primary what was made here.\n"
"\n"
"Options:\n"
"      --dbname CONNINFO  how to connect to the standby, as a superuser\n"
"      --label TEXT       label of the backup\n"
"      --compression HOW  \"zstd\", \"gzip\" or \"lz4\", with \":LEVEL\", or \"none\"\n"
"                         (default: " DEFAULT_COMPRESSION ")\n"
"      --encryption HOW   \"auto\" encrypts if there is a key (default), \"none\" never\n"
"      --depth DEPTH      how it is read back: digest, archive (default) or full\n"
"      --max-rate KB      kilobytes a second that are read at most\n"
"      --on-bad-page WORD what a page that does not match its checksum is:\n"
"                         \"warn\" (default) or \"fail\"\n"
"      --json             print the backup as JSON\n"
"  -h, --help             print this help\n"
"\n"
"The name of the cluster is \"" DEFAULT_CLUSTER "\" if none is given.\n"
HELP_COMMON;

enum
{
	OPTION_DBNAME = 256,
	OPTION_LABEL,
	OPTION_COMPRESSION,
	OPTION_ENCRYPTION,
	OPTION_DEPTH,
	OPTION_MAX_RATE,
	OPTION_ON_BAD_PAGE
};

static const struct option backup_options[] = {
	{"dbname", required_argument, NULL, OPTION_DBNAME},
	{"label", required_argument, NULL, OPTION_LABEL},
	{"compression", required_argument, NULL, OPTION_COMPRESSION},
	{"encryption", required_argument, NULL, OPTION_ENCRYPTION},
	{"depth", required_argument, NULL, OPTION_DEPTH},
	{"max-rate", required_argument, NULL, OPTION_MAX_RATE},
	{"on-bad-page", required_argument, NULL, OPTION_ON_BAD_PAGE},
	ARGUMENT_HELP_OPTION
};

/* What is asked for. */
typedef struct BackupRequest
{
	const char *dbname;
	const char *label;
	const char *compression;
	const char *encryption;
	const char *depth;
	int64		max_rate_kb;
	const char *on_bad_page;
} BackupRequest;

/* A backup that is being made in a child process. */
typedef struct BackupStep
{
	Standby		standby;
	json_t	   *job;
} BackupStep;

static volatile sig_atomic_t must_stop = 0;

static void
note_signal(int number)
{
	must_stop = 1;
}

/*
 * Reads how fast to read.
 */
static int64
parse_rate(const char *word)
{
	char	   *end;
	long long	number = strtoll(word, &end, 10);

	if (end == word || *end != '\0' || number < 0 || number > INT_MAX)
		fail(FAILURE_USAGE, NULL, "option \"--max-rate\" must be a number of kilobytes, not \"%s\"",
			 word);
	return number;
}

/*
 * Takes the value of an option.
 */
static void
take_option(BackupRequest *request, int option)
{
	const char **const texts[] = {
		&request->dbname, &request->label, &request->compression,
		&request->encryption, &request->depth, NULL, &request->on_bad_page
	};

	if (option == OPTION_MAX_RATE)
		request->max_rate_kb = parse_rate(optarg);
	else
		*texts[option - OPTION_DBNAME] = optarg;
}

/*
 * Fails where a word is none of two that are allowed.
 */
static void
require_word(const char *option, const char *word, const char *one, const char *other)
{
	if (strcmp(word, one) != 0 && strcmp(word, other) != 0)
		usage_failure("backup", "option \"%s\" is \"%s\" or \"%s\", not \"%s\"",
					  option, one, other, word);
}

/*
 * The folder of PostgreSQL's programs, with which the backup is verified;
 * allocated.
 */
static char *
find_bindir(const CommonOptions *options)
{
	char	   *path = program_path(options->bindir, "pg_restore");

	get_parent_directory(path);
	return path;
}

/*
 * What the server would say of such a job.
 */
static json_t *
describe_job(const CommonOptions *options, const BackupRequest *request,
			 const Standby *standby)
{
	char		id[BACKUP_ID_SIZE];

	backup_id_make(id, time_now_ms() / 1000, BACKUP_PHYSICAL);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:s, s:s, s:o, s:s, s:I, s:{s:s, s:i, s:s, s:s}}",
					 "job", "backup", "id", id, "type", "physical",
					 "repository", repositories_from_options(options)->repositories[0].url,
					 "cluster", options->cluster == NULL ? DEFAULT_CLUSTER : options->cluster,
					 "secrets_file", json_text(options->secrets_file),
					 "jobs", options->jobs,
					 "compression", request->compression,
					 "encryption", request->encryption,
					 "depth", request->depth,
					 "label", json_text(request->label),
					 "on_bad_page", request->on_bad_page,
					 "max_rate_kb", (json_int_t) request->max_rate_kb,
					 "server",
					 "system_identifier", standby->system_identifier,
					 "version", standby->version,
					 "data_directory", standby->data_directory,
					 "bindir", find_bindir(options));
}

/*
 * Makes the backup, in the child.
 */
static void
backup_step(void *context)
{
	BackupStep *step = context;
	PhysicalServer server = {.ask = standby_ask, .context = &step->standby};

	physical_backup(step->job, job_repository(step->job), &server);
}

/*
 * Removes what a backup that was not made left, in a child: what made it fail
 * may be in the way of that, too.
 */
static void
discard_step(void *context)
{
	BackupStep *step = context;

	backup_discard(job_repository(step->job), job_backup_id(step->job));
}

/*
 * Runs the backup until it ends, or is to end; false with the reason.
 */
static bool
run_backup(BackupStep *step, Failure *problem)
{
	Isolated   *running = isolated_start(backup_step, step);

	while (isolated_wait_any(&running, 1, LOOK_MS) < 0)
	{
		if (!must_stop)
			continue;
		isolated_kill(running);
		*problem = (Failure)
		{
			.kind = FAILURE_STATE, .message = "the backup was interrupted"
		};
		return false;
	}
	return isolated_finish(running, problem);
}

/*
 * Makes the backup; fails, with nothing left of it, if that cannot be done.
 */
static void
make_backup(BackupStep *step)
{
	Failure		problem;
	Failure		second;

	signal(SIGINT, note_signal);
	signal(SIGTERM, note_signal);
	if (run_backup(step, &problem))
		return;
	terminal_progress_clear();
	/* A folder that is not ours may be that of a backup under way. */
	if (job_state_backup() == BACKUP_BEGUN && !isolated_run(discard_step, step, &second))
		notice("warning", "The clean-up of the owner of the repository removes it after a day.",
			   "could not remove what is left of backup \"%s\": %s",
			   job_backup_id(step->job), second.message);
	fail_with(&problem);
}

/*
 * Tells of the backup that was made.
 */
static void
report(const CommonOptions *options, const BackupStep *step)
{
	const char *id = job_backup_id(step->job);
	BackupEntry entry;

	terminal_progress_clear();
	if (!options->json)
	{
		printf("backup \"%s\" of the standby is in the repository\n", id);
		return;
	}
	entry = repository_load_entry(job_repository(step->job), id);
	json_print(backup_entry_to_json(&entry));
}

/*
 * Reads the options; false if the help was asked for.
 */
static bool
parse_options(BackupRequest *request, int argc, char **argv)
{
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, backup_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
			return false;
		take_option(request, option);
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"backup\" takes no argument");
	if (request->dbname == NULL)
		usage_failure(argv[0], "option \"--dbname\" is needed");
	require_word("--encryption", request->encryption, "auto", "none");
	require_word("--on-bad-page", request->on_bad_page, "warn", "fail");
	return true;
}

int
command_backup(const CommonOptions *options, int argc, char **argv)
{
	BackupRequest request = {
		.compression = DEFAULT_COMPRESSION, .encryption = "auto",
		.depth = "archive", .on_bad_page = "warn"
	};
	BackupStep	step = {.standby.label = "erpgo_backup"};

	if (!parse_options(&request, argc, argv))
	{
		fputs(help_backup, stdout);
		return 0;
	}
	if (options->repository == NULL)
		usage_failure(argv[0], "no repository is given");
	terminal_progress_start(options);
	standby_open(&step.standby, request.dbname);
	if (request.label != NULL)
		step.standby.label = request.label;
	step.job = describe_job(options, &request, &step.standby);
	backup_id_slot(job_backup_id(step.job), step.standby.slot);
	make_backup(&step);
	report(options, &step);
	return 0;
}

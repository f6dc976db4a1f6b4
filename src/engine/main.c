/*
 * The program erpgo_backup: the command line tool, and the engine of the
 * server.
 */
#include "postgres_fe.h"

#include <malloc.h>
#include <signal.h>

#include "command/command.h"
#include "command/wal_get.h"
#include "common/version.h"
#include "job_state.h"
#include "options.h"
#include "protocol.h"
#include "repository/master_key.h"
#include "supervisor.h"

/*
 * What a process keeps for itself, in bytes: blocks of up to a segment of WAL
 * with what its compression may add, and as much as a few of them.
 */
#define LARGEST_REUSED_BLOCK (32 << 20)
#define LARGEST_FREE_END (96 << 20)

typedef struct Subcommand
{
	const char *name;
	const char *summary;
	int			(*run) (const CommonOptions *options, int argc, char **argv);
} Subcommand;

static const Subcommand subcommands[] = {
	{"list", "list the backups", command_list},
	{"show", "show a backup, or how to restore it without this program", command_show},
	{"verify", "compare backups with what they were when they were made", command_verify},
	{"backup", "make a physical backup of a standby", command_backup},
	{"register-standby", "let a standby take over when it is promoted", command_register_standby},
	{"restore", "restore databases of a backup", command_restore},
	{"expire", "delete the backups that are not to be kept any longer", command_expire},
	{"keys", "list who can open the encryption keys", command_keys},
	{"rekey", "change who can open the encryption keys", command_rekey},
	{"window", "print from when to when there is recovery to any moment", command_window},
	{"check", "check the repository", command_check},
	{"copy", "copy backups to another repository", command_copy},
	{"wal-push", "archive a file of WAL, as archive_command", command_wal_push},
	{"wal-get", "take a file out of the WAL archive, as restore_command", command_wal_get},
	{"notify-test", "send a test alert", command_notify_test},
	{"version", "print versions", command_version}
};

/*
 * Prints the help of the program.
 */
static void
print_help(void)
{
	printf("erpgo_backup shows, verifies and restores backups of a PostgreSQL server.\n"
		   "The server makes them: see the function erpgo_backup_run.\n\n"
		   "Usage: erpgo_backup COMMAND [OPTIONS] [ID|latest]\n\n"
		   "Commands:\n");
	for (int i = 0; i < lengthof(subcommands); i++)
		printf("  %-19s  %s\n", subcommands[i].name, subcommands[i].summary);
	printf("\n%s"
		   "  -h, --help           print this help, or that of a command\n"
		   "  -V, --version        print the version\n\n"
		   "Exit code: 0 done, 1 it could not be done, 2 wrong usage, 3 a backup is damaged.\n",
		   help_common_options);
}

/*
 * Prints a failure as JSON on standard output, for a program that reads there,
 * and leaves the exit code to the caller.
 */
static void
report_as_json(const Failure *failure)
{
	json_t	   *message;

	if (!job_state_claim_answer(ANSWER_ERROR))
		return;
	message = json_pack("{s:o}", "error", failure_to_json(failure));
	json_dumpf(message, stdout, JSON_INDENT(2));
	putchar('\n');
}

/*
 * Is one of the arguments this option?
 */
static bool
has_argument(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
	{
		if (strcmp(argv[i], option) == 0)
			return true;
	}
	return false;
}

/*
 * The subcommand of a name; fails if there is none.
 */
static const Subcommand *
find_subcommand(const char *name)
{
	for (int i = 0; i < lengthof(subcommands); i++)
	{
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	}
	fail(FAILURE_USAGE, "Try \"erpgo_backup --help\".",
		 "there is no command \"%s\"", name);
}

/*
 * Runs what the arguments left after the common options ask for.
 */
static int
dispatch(const CommonOptions *options, int argc, char **argv)
{
	if (argc < 1)
		fail(FAILURE_USAGE, "Try \"erpgo_backup --help\".", "no command is given");
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 ||
		strcmp(argv[0], "-?") == 0)
	{
		print_help();
		return 0;
	}
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0)
	{
		printf("erpgo_backup %s\n", ERPGO_BACKUP_VERSION);
		return 0;
	}
	if (argv[0][0] == '-')
		fail(FAILURE_USAGE, "Try \"erpgo_backup --help\".",
			 "there is no option \"%s\" before a command", argv[0]);
	return find_subcommand(argv[0])->run(options, argc, argv);
}

/*
 * Makes sure that what was printed has arrived.  A reader that wanted only
 * the beginning is none of our business.
 */
static void
flush_output(void)
{
	if (fflush(stdout) != 0 && errno != EPIPE)
		fail_errno("could not write to standard output");
}

/*
 * Keeps memory that is freed for the next segment or frame.  Otherwise the C
 * library gives what is large back to the system each time, and a sixth of the
 * time goes into having it cleared again.
 */
static void
keep_freed_memory(void)
{
	(void) mallopt(M_MMAP_THRESHOLD, LARGEST_REUSED_BLOCK);
	(void) mallopt(M_TRIM_THRESHOLD, LARGEST_FREE_END);
}

int
main(int argc, char **argv)
{
	CommonOptions options;
	int			exit_code;

	keep_freed_memory();
	if (argc == 2 && strcmp(argv[1], "engine") == 0)
		return supervisor_run();

	if (has_argument(argc, argv, "wal-get"))
		wal_get_guard();

	/* A program that stops reading is no reason to die. */
	signal(SIGPIPE, SIG_IGN);
	job_state_init();
	if (has_argument(argc, argv, "--json"))
		failure_set_reporter(report_as_json);
	argc = options_take(argc, argv, &options);
	master_key_set_command(options.encryption_key_command);
	exit_code = dispatch(&options, argc - 1, argv + 1);
	flush_output();
	return exit_code;
}

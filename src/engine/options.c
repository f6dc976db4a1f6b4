/*
 * The command line, as far as all subcommands share it.
 */
#include "options.h"

#include <getopt.h>

/* More processes than this only get in each other's way. */
#define JOBS_LIMIT 64

const char *const help_common_options =
"Options of all subcommands:\n"
"  --repository URL     where the backups are, as in file:///backups/postgres\n"
"                       (or several, separated by commas)\n"
"                       (default: environment variable ERPGO_BACKUP_REPOSITORY)\n"
"  --cluster NAME       whose backups (default: the only cluster there is)\n"
"  --secrets-file FILE  file with KEY=value lines that holds BACKUP_ENCRYPTION_KEY\n"
"                       (default: the environment)\n"
"  --encryption-key-command COMMAND\n"
"                       prints the encryption key on standard output (default:\n"
"                       ERPGO_BACKUP_ENCRYPTION_KEY_COMMAND in the environment)\n"
"  --encryption-public-key FILE\n"
"                       write what only the holder of the private key can read\n"
"  --bindir DIR         where PostgreSQL's programs are\n"
"                       (default: beside this program, then PATH)\n"
"  --jobs N             how many processes to use at most (default: 1)\n"
"  --json               print JSON, failures included\n"
"  --quiet              show no progress\n";

enum
{
	OPTION_REPOSITORY,
	OPTION_CLUSTER,
	OPTION_SECRETS_FILE,
	OPTION_KEY_COMMAND,
	OPTION_PUBLIC_KEY,
	OPTION_BINDIR,
	OPTION_JOBS,
	OPTION_JSON,
	OPTION_QUIET
};

static const struct option common_options[] = {
	[OPTION_REPOSITORY] = {"repository", required_argument},
	[OPTION_CLUSTER] = {"cluster", required_argument},
	[OPTION_SECRETS_FILE] = {"secrets-file", required_argument},
	[OPTION_KEY_COMMAND] = {"encryption-key-command", required_argument},
	[OPTION_PUBLIC_KEY] = {"encryption-public-key", required_argument},
	[OPTION_BINDIR] = {"bindir", required_argument},
	[OPTION_JOBS] = {"jobs", required_argument},
	[OPTION_JSON] = {"json", no_argument},
	[OPTION_QUIET] = {"quiet", no_argument}
};

/*
 * Which common option an argument is; -1 if it is none.  *value is what
 * follows its "=", or NULL.
 */
static int
find_option(const char *argument, const char **value)
{
	size_t		len;

	if (strncmp(argument, "--", 2) != 0)
		return -1;
	argument += 2;
	len = strcspn(argument, "=");
	*value = argument[len] == '=' ? argument + len + 1 : NULL;
	for (int i = 0; i < lengthof(common_options); i++)
	{
		if (strlen(common_options[i].name) == len &&
			strncmp(common_options[i].name, argument, len) == 0)
			return i;
	}
	return -1;
}

/*
 * Reads a number of processes.
 */
static int
parse_jobs(const char *value)
{
	char	   *end;
	long		jobs = strtol(value, &end, 10);

	if (end == value || *end != '\0' || jobs < 1 || jobs > JOBS_LIMIT)
		fail(FAILURE_USAGE, NULL, "option \"--jobs\" must be between 1 and %d, not \"%s\"",
			 JOBS_LIMIT, value);
	return (int) jobs;
}

/*
 * Sets what an option says.
 */
static void
set_option(CommonOptions *options, int option, const char *value)
{
	switch (option)
	{
		case OPTION_REPOSITORY:
			options->repository = value;
			break;
		case OPTION_CLUSTER:
			options->cluster = value;
			break;
		case OPTION_SECRETS_FILE:
			options->secrets_file = value;
			break;
		case OPTION_KEY_COMMAND:
			options->encryption_key_command = value;
			break;
		case OPTION_PUBLIC_KEY:
			options->encryption_public_key = value;
			break;
		case OPTION_BINDIR:
			options->bindir = value;
			break;
		case OPTION_JOBS:
			options->jobs = parse_jobs(value);
			break;
		case OPTION_JSON:
			options->json = true;
			break;
		case OPTION_QUIET:
			options->quiet = true;
			break;
	}
}

/*
 * Checks that an option has a value if, and only if, it takes one.
 */
static void
check_value(int option, const char *value)
{
	bool		wants_value = common_options[option].has_arg == required_argument;

	if (wants_value && value == NULL)
		fail(FAILURE_USAGE, NULL, "option \"--%s\" requires a value",
			 common_options[option].name);
	if (!wants_value && value != NULL)
		fail(FAILURE_USAGE, NULL, "option \"--%s\" does not take a value",
			 common_options[option].name);
}

int
options_take(int argc, char **argv, CommonOptions *options)
{
	int			left = 1;
	int			i;

	memset(options, 0, sizeof(*options));
	options->repository = getenv("ERPGO_BACKUP_REPOSITORY");
	options->encryption_key_command = getenv("ERPGO_BACKUP_ENCRYPTION_KEY_COMMAND");
	options->jobs = 1;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
	{
		const char *value = NULL;
		int			option = find_option(argv[i], &value);

		if (option < 0)
		{
			argv[left++] = argv[i];
			continue;
		}
		if (common_options[option].has_arg == required_argument && value == NULL)
			value = i + 1 < argc ? argv[++i] : NULL;
		check_value(option, value);
		set_option(options, option, value);
	}
	while (i < argc)
		argv[left++] = argv[i++];
	argv[left] = NULL;
	return left;
}

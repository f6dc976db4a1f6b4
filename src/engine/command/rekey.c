/*
 * "erpgo_backup rekey": changes who can open the encryption keys.
 */
#include "postgres_fe.h"

#include "command/all_repositories.h"
#include "command/arguments.h"
#include "command/human.h"
#include "command/rekey_run.h"
#include "command/table.h"
#include "protocol.h"
#include "repository/master_key.h"
#include "repository/secrets.h"

const char *const help_rekey =
"Usage: erpgo_backup rekey [OPTIONS]\n"
"\n"
"Has another encryption key open the backups: wraps the cluster keys with it,\n"
"reads that back, and, with --retire, removes what the present one opens.\n"
"Backups and WAL are not touched.  The new key is BACKUP_ENCRYPTION_KEY_NEW in\n"
"the secrets file, or comes from one of the first two options.\n"
"\n"
"Of several repositories, all are changed, and the present key is retired in none\n"
"before the new one opens everything in all of them.\n"
"\n"
"Options:\n"
"  --new-key-file FILE        file that holds the new key on one line, readable\n"
"                             by its owner only\n"
"  --new-key-command COMMAND  prints the new key on standard output\n"
"  --label TEXT               what \"erpgo_backup keys\" says of the new key\n"
"  --add-recipient            the new key is a further one: both stay in use\n"
"  --retire                   the present key is to open nothing any more\n"
"  --new-cluster-key          make a new cluster key for backups to come\n"
"  --remove-recipient ID      remove one wrapping that \"erpgo_backup keys\" lists\n"
"  --dry-run                  only print what would be done\n"
"  --json                     print a JSON object\n"
"  -h, --help                 print this help\n"
HELP_COMMON;

enum
{
	OPTION_NEW_KEY_FILE = 1000,
	OPTION_NEW_KEY_COMMAND,
	OPTION_LABEL,
	OPTION_ADD_RECIPIENT,
	OPTION_RETIRE,
	OPTION_NEW_CLUSTER_KEY,
	OPTION_REMOVE_RECIPIENT,
	OPTION_DRY_RUN
};

static const struct option rekey_options[] = {
	{"new-key-file", required_argument, NULL, OPTION_NEW_KEY_FILE},
	{"new-key-command", required_argument, NULL, OPTION_NEW_KEY_COMMAND},
	{"label", required_argument, NULL, OPTION_LABEL},
	{"add-recipient", no_argument, NULL, OPTION_ADD_RECIPIENT},
	{"retire", no_argument, NULL, OPTION_RETIRE},
	{"new-cluster-key", no_argument, NULL, OPTION_NEW_CLUSTER_KEY},
	{"remove-recipient", required_argument, NULL, OPTION_REMOVE_RECIPIENT},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	ARGUMENT_HELP_OPTION
};

static const Column step_columns[] = {
	{"ACTION"}, {"CLUSTER KEY"}, {"WRAPPING"}, {"REPOSITORY"}
};

/* What the arguments say. */
typedef struct RekeyArguments
{
	const char *key_file;		/* or NULL */
	const char *key_command;	/* or NULL */
	bool		add_recipient;
	bool		help;
	RekeyRequest request;
} RekeyArguments;

/*
 * Notes what an option asks for.
 */
static void
set_option(RekeyArguments *arguments, int option)
{
	RekeyRequest *request = &arguments->request;

	if (option == ARGUMENT_HELP)
		arguments->help = true;
	if (option == OPTION_NEW_KEY_FILE)
		arguments->key_file = optarg;
	if (option == OPTION_NEW_KEY_COMMAND)
		arguments->key_command = optarg;
	if (option == OPTION_LABEL)
		request->rekey.label = optarg;
	if (option == OPTION_REMOVE_RECIPIENT)
		request->removed = optarg;
	arguments->add_recipient |= option == OPTION_ADD_RECIPIENT;
	request->rekey.retire |= option == OPTION_RETIRE;
	request->new_cluster_key |= option == OPTION_NEW_CLUSTER_KEY;
	request->rekey.dry_run |= option == OPTION_DRY_RUN;
}

/*
 * The new key, allocated; NULL if none is given.
 */
static char *
new_key(const RekeyArguments *arguments)
{
	const char *secret = secret_get(SECRET_ENCRYPTION_KEY_NEW);

	if (arguments->key_file != NULL)
		return key_file_read(arguments->key_file);
	if (arguments->key_command != NULL)
		return key_command_run(arguments->key_command, KEY_COMMAND_TIMEOUT_MS);
	return secret == NULL ? NULL : pg_strdup(secret);
}

/*
 * Refuses what does not fit together, before any key is asked for.
 */
static void
check_arguments(const RekeyArguments *arguments)
{
	const RekeyRequest *request = &arguments->request;
	const Rekey *rekey = &request->rekey;

	if (arguments->key_file != NULL && arguments->key_command != NULL)
		usage_failure("rekey", "there can be only one new key");
	if (arguments->add_recipient && rekey->retire)
		usage_failure("rekey", "\"--add-recipient\" keeps the present key, \"--retire\" does not");
	if (request->removed != NULL &&
		(arguments->add_recipient || rekey->retire || request->new_cluster_key ||
		 arguments->key_file != NULL || arguments->key_command != NULL))
		usage_failure("rekey", "\"--remove-recipient\" does nothing else");
}

/*
 * Refuses to begin without the keys that it takes.
 */
static void
require_keys(const RekeyRequest *request)
{
	const Rekey *rekey = &request->rekey;

	master_key_require(rekey->present);
	if (request->removed != NULL)
		return;
	if (rekey->added == NULL && (rekey->retire || !request->new_cluster_key))
		fail(FAILURE_USAGE,
			 "Set " SECRET_ENCRYPTION_KEY_NEW " in the secrets file, or use --new-key-file or --new-key-command.",
			 "no new encryption key is given");
	if (rekey->added == NULL)
		return;
	master_key_require(rekey->added);
	if (strcmp(rekey->added, rekey->present) == 0)
		fail(FAILURE_USAGE, NULL, "the new encryption key is the one that is in use");
}

/*
 * Prints the steps for people.
 */
static void
print_steps(const json_t *steps, bool several)
{
	Table	   *table = table_begin(step_columns, lengthof(step_columns) - (several ? 0 : 1));
	size_t		i;
	json_t	   *step;

	json_array_foreach(steps, i, step)
	{
		table_add(table, printable_member(step, "action"));
		table_add(table, printable_member(step, "cluster_key"));
		table_add(table, printable_member(step, "wrapping"));
		if (several)
			table_add(table, printable_member(step, "repository"));
	}
	table_print(table);
}

/*
 * Prints what was done as JSON; what failed is a part of it.
 */
static void
print_json(const RekeyResult *result, bool dry_run)
{
	json_t	   *report = json_pack("{s:b, s:i, s:o}", "dry_run", (int) dry_run,
								   "left", result->left, "steps", result->steps);

	if (result->problem.message != NULL)
	{
		json_object_set_new(report, "failed", result->failed);
		json_object_set_new(report, "error", failure_to_json(&result->problem));
	}
	json_print(report);
}

/*
 * Tells what was done, and what that does not reach; the exit code.
 */
static int
report(const CommonOptions *options, const RekeyRequest *request,
	   const RekeyResult *result, bool several)
{
	bool		failed = result->problem.message != NULL;

	if (failed && !several)
		fail_with(&result->problem);
	if (request->new_cluster_key && !failed)
		notice("warning", "Add them again with --add-recipient.",
			   "whoever else opens the older cluster keys does not open the new one");
	if (options->json)
	{
		print_json(result, request->rekey.dry_run);
		return failed ? failure_exit_code(result->problem.kind) : 0;
	}
	print_steps(result->steps, several);
	if (request->rekey.dry_run)
		printf("nothing was changed\n");
	if (failed)
		fail_with(&result->problem);
	return 0;
}

int
command_rekey(const CommonOptions *options, int argc, char **argv)
{
	RekeyArguments arguments = {NULL};
	RekeyRequest *request = &arguments.request;
	RepositoryList *list;
	RekeyResult result;
	char	   *added;
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, rekey_options)) != -1)
		set_option(&arguments, option);
	if (arguments.help)
	{
		fputs(help_rekey, stdout);
		return 0;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"rekey\" takes no argument");
	check_arguments(&arguments);

	list = repositories_prepare(options);
	added = request->removed == NULL ? new_key(&arguments) : NULL;
	request->rekey.present = master_key();
	request->rekey.added = added;
	require_keys(request);
	result = rekey_all(options, list, request);
	key_forget(added);
	return report(options, request, &result, list->count > 1);
}

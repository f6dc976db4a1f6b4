/*
 * "erpgo_backup rekey": changes who can open the encryption keys.
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "command/human.h"
#include "command/table.h"
#include "protocol.h"
#include "repository/master_key.h"
#include "repository/rekey.h"
#include "repository/secrets.h"

const char *const help_rekey =
"Usage: erpgo_backup rekey [OPTIONS]\n"
"\n"
"Has another encryption key open the backups: wraps the cluster keys with it,\n"
"reads that back, and, with --retire, removes what the present one opens.\n"
"Backups and WAL are not touched.  The new key is BACKUP_ENCRYPTION_KEY_NEW in\n"
"the secrets file, or comes from one of the first two options.\n"
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
	{"ACTION"}, {"CLUSTER KEY"}, {"WRAPPING"}
};

/* What is asked for. */
typedef struct RekeyRequest
{
	const char *key_file;		/* or NULL */
	const char *key_command;	/* or NULL */
	const char *removed;		/* a wrapping, or NULL */
	bool		add_recipient;
	bool		help;
	Rekey		rekey;
} RekeyRequest;

/*
 * Notes what an option asks for.
 */
static void
set_option(RekeyRequest *request, int option)
{
	if (option == ARGUMENT_HELP)
		request->help = true;
	if (option == OPTION_NEW_KEY_FILE)
		request->key_file = optarg;
	if (option == OPTION_NEW_KEY_COMMAND)
		request->key_command = optarg;
	if (option == OPTION_LABEL)
		request->rekey.label = optarg;
	if (option == OPTION_REMOVE_RECIPIENT)
		request->removed = optarg;
	request->add_recipient |= option == OPTION_ADD_RECIPIENT;
	request->rekey.retire |= option == OPTION_RETIRE;
	request->rekey.new_cluster_key |= option == OPTION_NEW_CLUSTER_KEY;
	request->rekey.dry_run |= option == OPTION_DRY_RUN;
}

/*
 * The new key, allocated; NULL if none is given.
 */
static char *
new_key(const RekeyRequest *request)
{
	const char *secret = secret_get(SECRET_ENCRYPTION_KEY_NEW);

	if (request->key_file != NULL)
		return key_file_read(request->key_file);
	if (request->key_command != NULL)
		return key_command_run(request->key_command, KEY_COMMAND_TIMEOUT_MS);
	return secret == NULL ? NULL : pg_strdup(secret);
}

/*
 * Refuses what does not fit together, before any key is asked for.
 */
static void
check_request(const RekeyRequest *request)
{
	const Rekey *rekey = &request->rekey;

	if (request->key_file != NULL && request->key_command != NULL)
		usage_failure("rekey", "there can be only one new key");
	if (request->add_recipient && rekey->retire)
		usage_failure("rekey", "\"--add-recipient\" keeps the present key, \"--retire\" does not");
	if (request->removed != NULL &&
		(request->add_recipient || rekey->retire || rekey->new_cluster_key ||
		 request->key_file != NULL || request->key_command != NULL))
		usage_failure("rekey", "\"--remove-recipient\" does nothing else");
}

/*
 * Refuses to begin without the keys that it takes.
 */
static void
require_keys(const Rekey *rekey)
{
	master_key_require(rekey->present);
	if (rekey->added == NULL && (rekey->retire || !rekey->new_cluster_key))
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
 * Notes a step.
 */
static void
add_step(void *context, RekeyAction action, const char *cluster_key, const char *wrapping)
{
	json_array_append_new(context, json_pack("{s:s, s:o, s:o}",
											 "action", rekey_action_name(action),
											 "cluster_key", json_text(cluster_key[0] == '\0' ? NULL : cluster_key),
											 "wrapping", json_text(wrapping[0] == '\0' ? NULL : wrapping)));
}

/*
 * Does what is asked for; the steps that were made, and *left as rekey_run.
 */
static json_t *
run_request(const RekeyRequest *request, int *left)
{
	json_t	   *steps = json_array();

	*left = 0;
	if (request->removed != NULL)
		rekey_remove(&request->rekey, request->removed, add_step, steps);
	else
		rekey_run(&request->rekey, add_step, steps, left);
	return steps;
}

/*
 * A text of a step for a table; allocated.
 */
static char *
cell_text(const json_t *step, const char *key)
{
	const char *value = json_string_value(json_object_get(step, key));

	return printable_text(value == NULL ? "" : value);
}

/*
 * Prints the steps for people.
 */
static void
print_steps(const json_t *steps, bool dry_run)
{
	Table	   *table = table_begin(step_columns, lengthof(step_columns));
	size_t		i;
	json_t	   *step;

	json_array_foreach(steps, i, step)
	{
		table_add(table, cell_text(step, "action"));
		table_add(table, cell_text(step, "cluster_key"));
		table_add(table, cell_text(step, "wrapping"));
	}
	table_print(table);
	if (dry_run)
		printf("nothing was changed\n");
}

/*
 * Tells what was done, and what that does not reach.
 */
static void
report(const CommonOptions *options, const RekeyRequest *request, json_t *steps, int left)
{
	const Rekey *rekey = &request->rekey;

	if (left > 0)
		notice("warning", "Run the command with that key as well.",
			   "%d cluster keys are opened by another encryption key only, and stay as they are", left);
	if (rekey->new_cluster_key)
		notice("warning", "Add them again with --add-recipient.",
			   "whoever else opens the older cluster keys does not open the new one");
	if (options->json)
	{
		json_print(json_pack("{s:b, s:i, s:o}", "dry_run", (int) rekey->dry_run,
							 "left", left, "steps", steps));
		return;
	}
	print_steps(steps, rekey->dry_run);
	json_decref(steps);
}

int
command_rekey(const CommonOptions *options, int argc, char **argv)
{
	RekeyRequest request = {NULL};
	Repository *repository;
	char	   *added;
	json_t	   *steps;
	int			option;
	int			left;

	arguments_begin();
	while ((option = argument_next(argc, argv, rekey_options)) != -1)
		set_option(&request, option);
	if (request.help)
	{
		fputs(help_rekey, stdout);
		return 0;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"rekey\" takes no argument");
	check_request(&request);

	repository = repository_from_options(options);
	added = request.removed == NULL ? new_key(&request) : NULL;
	request.rekey.store = repository->store;
	request.rekey.prefix = repository->prefix;
	request.rekey.present = repository->master_key;
	request.rekey.added = added;
	if (request.removed == NULL)
		require_keys(&request.rekey);
	else
		master_key_require(request.rekey.present);
	steps = run_request(&request, &left);
	report(options, &request, steps, left);
	key_forget(added);
	return 0;
}
